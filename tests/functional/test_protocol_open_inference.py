"""The Open Inference Protocol v2, JSON and binary tensors, by a client written from the specification."""
import json
import struct

import harness
from harness import in_base64, json_of, photo


def bytes_tensor(elements):
    return b"".join(struct.pack("<I", len(element)) + element for element in elements)


def rows_of(flat, columns):
    return [list(flat[i:i + columns]) for i in range(0, len(flat), columns)]


def float32(rows):
    return [[struct.unpack("<f", struct.pack("<f", x))[0] for x in row] for row in rows]


class OpenInference(harness.ServerTest):
    FLAGS = ("--max-items-per-request=8",)

    def infer_json(self, model, tensor, **more):
        return self.server.post_json(f"/v2/models/{model}/infer", {"inputs": [tensor], **more})

    def infer_binary(self, model, tensor, data, more=None, length=None):
        header = json.dumps({"inputs": [{"parameters": {"binary_data_size": len(data)}, **tensor}],
                             "parameters": {"binary_data_output": True}, **(more or {})}).encode()
        return self.server.request("POST", f"/v2/models/{model}/infer", header + data,
                                   {"Inference-Header-Content-Length": str(len(header) if length is None else length)})

    def rows(self, reply):
        """The embeddings, however they came."""
        self.assertEqual(reply.status, 200, reply.body)
        length = reply.headers["Inference-Header-Content-Length"]
        header = json.loads(reply.body[:int(length)] if length else reply.body)
        output, = header["outputs"]
        self.assertEqual((output["name"], output["datatype"]), ("embedding", "FP32"))
        count, columns = output["shape"]
        if not length:
            flat = output["data"]
        else:
            data = reply.body[int(length):]
            self.assertEqual(output["parameters"]["binary_data_size"], len(data))
            flat = struct.unpack(f"<{len(data) // 4}f", data)
        self.assertEqual(len(flat), count * columns)
        return rows_of(flat, columns)

    def native_images(self, images):
        return json_of(self.server.post_json("/embed/image", {"images": list(map(in_base64, images))}))["embeddings"]

    def assert_refused(self, reply, status, *mentions):
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(set(json_of(reply)), {"error"})
        for text in mentions:
            self.assertIn(text, json_of(reply)["error"])

    def test_texts_in_json(self):
        native = self.server.embed_texts(["a cat", "a dog"])
        tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["a cat", "a dog"]}
        reply = self.infer_json("text", tensor, id="42", outputs=[{"name": "embedding"}])
        self.assertEqual(self.rows(reply), native)
        body = json_of(reply)
        self.assertEqual((body["model_name"], body["model_version"], body["id"]), ("text", "1", "42"))
        nested = {**tensor, "shape": [2, 1], "data": [["a cat"], ["a dog"]]}
        self.assertEqual(self.rows(self.infer_json("text", nested)), native)
        cut = self.infer_json("text", tensor, parameters={"dimensions": 16, "normalize": False})
        self.assertEqual(self.rows(cut), self.server.embed_texts(["a cat", "a dog"], dimensions=16, normalize=False))

    def test_texts_in_binary_both_ways(self):
        native = float32(self.server.embed_texts(["a cat", "", "ein Hünd"]))
        data = bytes_tensor(["a cat".encode(), b"", "ein Hünd".encode()])
        tensor = {"name": "text", "shape": [3, 1], "datatype": "BYTES"}
        reply = self.infer_binary("text", tensor, data)
        self.assertEqual(reply.headers["Content-Type"], "application/octet-stream")
        self.assertEqual(self.rows(reply), native)
        as_json = self.infer_binary("text", tensor, data, {"parameters": {}})
        self.assertEqual(float32(self.rows(as_json)), native)
        asked = {"parameters": {}, "outputs": [{"name": "embedding", "parameters": {"binary_data": True}}]}
        self.assertEqual(self.rows(self.infer_binary("text", tensor, data, asked)), native)
        self.assertEqual(self.rows(self.server.request(
            "POST", "/v2/models/text/versions/1/infer",
            json.dumps({"inputs": [{**tensor, "shape": [1], "data": ["a cat"]}]}))),
            self.server.embed_texts(["a cat"]))

    def test_images(self):
        images = [photo(1), photo(2, 200, 90)]
        native = self.native_images(images)
        tensor = {"name": "image", "shape": [2], "datatype": "BYTES"}
        self.assertEqual(self.rows(self.infer_json("image", {**tensor, "data": list(map(in_base64, images))})), native)
        self.assertEqual(self.rows(self.infer_binary("image", tensor, bytes_tensor(images))), float32(native))

    def test_token_ids(self):
        tokens = json_of(self.server.post_json("/tokenize", {"inputs": ["a cat", "a long dog"]}))
        ids = [[token["id"] for token in text] for text in tokens]
        length = max(map(len, ids))
        padded = [row + [0] * (length - len(row)) for row in ids]
        native = self.server.embed_texts(["a cat", "a long dog"])
        tensor = {"name": "token_ids", "shape": [2, length], "datatype": "INT64"}
        flat = [i for row in padded for i in row]
        self.assertEqual(self.rows(self.infer_json("text-tokens", {**tensor, "data": padded})), native)
        self.assertEqual(self.rows(self.infer_json("text-tokens", {**tensor, "data": flat})), native)
        wide = struct.pack(f"<{len(flat)}q", *flat)
        self.assertEqual(self.rows(self.infer_binary("text-tokens", tensor, wide)), float32(native))
        narrow = {**tensor, "datatype": "INT32"}
        self.assertEqual(self.rows(self.infer_binary("text-tokens", narrow, struct.pack(f"<{len(flat)}i", *flat))),
                         float32(native))
        self.assert_refused(self.infer_binary("text-tokens", tensor, wide[:-1]), 400, "token_ids", str(len(wide)))
        self.assert_refused(self.infer_json("text-tokens", {**tensor, "shape": [1, 2], "data": [1, -5]}), 400, "row 0")
        self.assert_refused(self.infer_json("text-tokens", {**tensor, "shape": [1, 1], "data": [50_000]}), 400,
                            "element 0", "50000")
        self.assert_refused(self.infer_json("text-tokens", {**tensor, "shape": [1, 1], "data": [1.5]}), 400, "integers")

    def test_malformed_tensors_are_refused_by_name(self):
        text = {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a"]}
        for change, mention in (({"shape": [2]}, "[2]"), ({"shape": [1, 2]}, "[1,2]"), ({"shape": []}, "[]"),
                                ({"shape": [0]}, "[0]"), ({"shape": [-1]}, "shape"), ({"shape": [2**60]}, "shape"),
                                ({"shape": [2**13, 2**13]}, "elements"), ({"shape": None}, "shape"),
                                ({"name": "txt"}, "txt"), ({"datatype": "FP32"}, "FP32"), ({"data": [1]}, "strings"),
                                ({"data": "a"}, "nested"), ({"data": [[["a"]]]}, "nested"), ({"colour": 1}, "colour"),
                                ({"parameters": {"binary_data_size": 1}}, "either"),
                                ({"parameters": {"shared_memory_region": "x"}}, "shared_memory_region")):
            self.assert_refused(self.infer_json("text", {**text, **change}), 400, mention)
        without = {key: value for key, value in text.items() if key != "data"}
        self.assert_refused(self.infer_json("text", without), 400, "either")
        for body, mention in (({}, "inputs"), ({"inputs": []}, "inputs"), ({"inputs": [text, text]}, "found 2"),
                              ({"inputs": [text], "outputs": [{"name": "logits"}]}, "logits"),
                              ({"inputs": [text], "parameters": {"priority": 1}}, "priority"),
                              ({"inputs": [{**text, "data": ["a"] * 9, "shape": [9]}]}, "at most 8"), ("{", "JSON")):
            self.assert_refused(self.server.post_json("/v2/models/text/infer", body), 400, mention)

    def test_binary_data_is_never_read_past_its_end(self):
        tensor = {"name": "text", "shape": [2], "datatype": "BYTES"}
        good = bytes_tensor([b"ab", b"c"])
        for data, mention in ((good[:-1], "element 1"), (good[:7], "length of element 1"), (b"", "length of element 0"),
                              (good + b"x", "1 bytes behind"), (struct.pack("<I", 2**32 - 1) + b"ab", "4294967295")):
            self.assert_refused(self.infer_binary("text", tensor, data), 400, "\"text\"", mention)
        lied = {**tensor, "parameters": {"binary_data_size": len(good) + 1}}
        self.assert_refused(self.infer_binary("text", lied, good), 400, "binary_data_size")
        huge = {**tensor, "parameters": {"binary_data_size": 2**63}}
        self.assert_refused(self.infer_binary("text", huge, good), 400, "binary_data_size")
        negative = {**tensor, "parameters": {"binary_data_size": -1}}
        self.assert_refused(self.infer_binary("text", negative, good), 400, "binary_data_size")
        for length in (10**6, 2**64, -1, "ten", 0, 5):
            self.assert_refused(self.infer_binary("text", tensor, good, length=length), 400)

    def test_an_item_at_fault_is_named(self):
        tensor = {"name": "image", "shape": [2], "datatype": "BYTES"}
        self.assert_refused(self.infer_binary("image", tensor, bytes_tensor([photo(1), photo(1)[:99]])), 422, "element 1")
        self.assert_refused(self.infer_binary("image", tensor, bytes_tensor([photo(1), b""])), 400, "element 1")
        not_utf8 = self.infer_binary("text", {"name": "text", "shape": [1], "datatype": "BYTES"}, bytes_tensor([b"\xff"]))
        self.assert_refused(not_utf8, 400, "element 0", "UTF-8")
        long = self.infer_json("text", {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["long " * 100]})
        self.assertEqual(long.headers["X-Truncated-Inputs"], "1")

    def test_metadata_and_health(self):
        self.assertIn("binary_tensor_data", json_of(self.server.get("/v2"))["extensions"])
        self.assertEqual(json_of(self.server.get("/v2/health/live")), {"live": True})
        self.assertEqual(json_of(self.server.get("/v2/health/ready")), {"ready": True})
        text = json_of(self.server.get("/v2/models/text"))
        self.assertEqual(text["inputs"], [{"name": "text", "datatype": "BYTES", "shape": [-1]}])
        self.assertEqual(text["outputs"], [{"name": "embedding", "datatype": "FP32", "shape": [-1, 512]}])
        self.assertEqual(json_of(self.server.get("/v2/models/text/versions/1")), text)
        self.assertEqual(json_of(self.server.get("/v2/models/text-tokens"))["inputs"][0]["shape"], [-1, -1])
        for model in ("image", "text", "text-tokens"):
            self.assertEqual(self.server.get(f"/v2/models/{model}/ready").status, 200)
        self.assertEqual(self.server.get("/v2/models/image/versions/1/ready").status, 200)
        self.assert_refused(self.server.get("/v2/models/audio"), 404, "image", "text")
        self.assert_refused(self.server.get("/v2/models/image/versions/2"), 404, "version")
        self.assert_refused(self.server.post_json("/v2/models/audio/infer", {}), 404)
        self.assert_refused(self.server.get("/v2/models/text/infer"), 405)
