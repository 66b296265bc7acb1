"""/openapi.json against what the server does: every operation is called, with the document's own examples and with
requests that are wrong, and each answer has a status, a media type and a body that the document describes."""
import json
import struct
import time
import unittest

import harness
import json_schema
from harness import form, json_of, photo

FILE_TYPES = ("image/*", "application/octet-stream")
CONDITIONAL = ("X-Truncated-Inputs", "X-Truncated-Count", "X-Embedding-Shape", "X-Embedding-Dtype",
               "Inference-Header-Content-Length")


class OpenApi(harness.ServerTest):
    FLAGS = ("--text-cache=0",)  # each text takes its time

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = json_of(cls.server.get("/openapi.json"))

    def resolve(self, part):
        return json_schema.resolve(self.api, part)

    def operations(self):
        """(METHOD, path, operation), in the document's order: a label set is put before it is read and deleted."""
        for path, item in self.api["paths"].items():
            for method, operation in item.items():
                yield method.upper(), path, operation

    def parameters(self, operation, where):
        return [p for p in map(self.resolve, operation["parameters"]) if p["in"] == where]

    def path_of(self, path, operation, **others):
        for parameter in self.parameters(operation, "path"):
            name = parameter["name"]
            path = path.replace("{" + name + "}", str(others.get(name, parameter["example"])))
        return path

    def bodies(self, operation):
        """(media type, schema, example) of each example of a request."""
        body = self.resolve(operation.get("requestBody", {}))
        for media_type, content in body.get("content", {}).items():
            examples = [example["value"] for example in content.get("examples", {}).values()]
            for example in examples or ([content["example"]] if "example" in content else []):
                yield media_type, content["schema"], example

    def encode(self, media_type, schema, example):
        """(Content-Type, bytes) of an example; the names of files stand for a photo."""
        if media_type == "multipart/form-data":
            parts = []
            for name, given in example.items():
                described = self.resolve(self.resolve(schema)["properties"][name])
                item = self.resolve(described.get("items", described))
                for value in given if isinstance(given, list) else [given]:
                    is_file = item.get("contentMediaType") in FILE_TYPES
                    parts.append((name, value, photo(1)) if is_file else (name, str(value)))
            return form(*parts)
        if media_type == "image/*":
            return "image/jpeg", photo(1)  # told by its first bytes, whatever it is called
        return media_type, (example if isinstance(example, str) else json.dumps(example)).encode()

    def assert_described(self, operation, reply, status=None):
        """The reply's status is described (one of those listed, if `status` is given), and it is as described."""
        if status is not None:
            self.assertEqual(reply.status, status, reply.body[:300])
            self.assertIn(str(status), operation["responses"])
        listed = operation["responses"].get(str(reply.status), operation["responses"]["default"])
        response = self.resolve(listed)
        self.assertIsNotNone(reply.headers["X-Request-Id"])
        for name in response["headers"]:
            if name not in CONDITIONAL:
                self.assertIsNotNone(reply.headers[name], name)
        if "content" not in response:
            self.assertEqual((reply.body, reply.headers["Content-Type"]), (b"", None))
            return
        media_type = reply.headers["Content-Type"].split(";")[0]
        self.assertIn(media_type, response["content"])
        schema = response["content"][media_type]["schema"]
        if media_type == "application/json":
            values = [json_of(reply)]
        elif media_type == "application/x-ndjson":
            values = [json.loads(line) for line in reply.body.splitlines()]
        else:
            values = [reply.body.decode("latin-1")]
        self.assertTrue(values)
        for value in values:
            self.assertEqual(json_schema.problems(self.api, schema, value), [])

    def test_every_operation_with_its_examples(self):
        for method, path, operation in self.operations():
            success = next(int(s) for s in operation["responses"] if s.startswith("2"))
            examples = list(self.bodies(operation)) or [(None, None, None)]
            self.assertEqual("requestBody" in operation, examples[0][0] is not None)
            for media_type, schema, example in examples:
                with self.subTest(operation=operation["operationId"], media_type=media_type):
                    headers, body = {}, None
                    if media_type:
                        headers["Content-Type"], body = self.encode(media_type, schema, example)
                    reply = self.server.request(method, self.path_of(path, operation), body, headers)
                    self.assert_described(operation, reply, success)

    def test_examples_fit_their_schemas(self):
        for method, path, operation in self.operations():
            for media_type, schema, example in self.bodies(operation):
                values = [example]
                if media_type == "application/x-ndjson":
                    values = [json.loads(line) for line in example.splitlines() if line.startswith("{")]
                for value in values:
                    with self.subTest(operation=operation["operationId"]):
                        self.assertEqual(json_schema.problems(self.api, schema, value), [])

    def test_every_media_type_of_a_reply(self):
        for method, path, operation in self.operations():
            success = next(s for s in operation["responses"] if s.startswith("2"))
            types = list(self.resolve(operation["responses"][success]).get("content", {}))
            if len(types) < 2 or operation["operationId"].startswith("infer"):  # its request says which
                continue
            examples = list(self.bodies(operation))
            for accept in types:
                with self.subTest(operation=operation["operationId"], accept=accept):
                    headers, body = {"Accept": accept}, None
                    if examples:
                        headers["Content-Type"], body = self.encode(*examples[0])
                    reply = self.server.request(method, self.path_of(path, operation), body, headers)
                    self.assert_described(operation, reply, int(success))
                    self.assertEqual(reply.headers["Content-Type"].split(";")[0], accept)

    def test_each_option_of_the_embedding_routes(self):
        for path in ("/embed/text", "/embed/image"):
            operation = self.api["paths"][path]["post"]
            body = self.encode(*list(self.bodies(operation))[0])
            for name in ("encoding_format", "dtype", "quantize"):
                for value in self.api["components"]["schemas"][{"dtype": "DType", "quantize": "Quantize"}.get(
                        name, "EncodingFormat")]["enum"]:
                    with self.subTest(path=path, option=f"{name}={value}"):
                        reply = self.server.post(f"{path}?{name}={value}", *body)
                        self.assert_described(operation, reply, 200)

    def test_binary_tensors(self):
        operation = self.api["paths"]["/v2/models/{model}/infer"]["post"]
        head = json.dumps({"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES",
                                       "parameters": {"binary_data_size": 9}}],
                           "parameters": {"binary_data_output": True}}).encode()
        reply = self.server.request("POST", "/v2/models/text/infer", head + struct.pack("<I", 5) + b"a cat",
                                    {"Content-Type": "application/octet-stream",
                                     "Inference-Header-Content-Length": str(len(head))})
        self.assert_described(operation, reply, 200)
        length = int(reply.headers["Inference-Header-Content-Length"])
        schema = self.api["components"]["schemas"]["InferReply"]
        self.assertEqual(json_schema.problems(self.api, schema, json.loads(reply.body[:length])), [])

    def test_token_ids(self):
        for path, key in (("/v1/embeddings", "input"), ("/embed", "inputs")):
            operation = self.api["paths"][path]["post"]
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            for ids in ([320, 2368], [[320], [2368, 320]]):
                with self.subTest(path=path, ids=ids):
                    self.assertEqual(json_schema.problems(self.api, schema, {key: ids}), [])
                    self.assert_described(operation, self.server.post_json(path, {key: ids}), 200)

    def test_bodies_that_are_wrong(self):
        for method, path, operation in self.operations():
            if "requestBody" not in operation:
                continue
            types = list(self.resolve(operation["requestBody"])["content"])
            tries = [("text/csv", b"a,b"), (None, b"")]
            if "application/json" in types:
                tries += [("application/json", b) for b in (b"", b"{", b"[]", b"null", b'{"nonsense": 1}', b"{}")]
            if "multipart/form-data" in types:
                tries += [form(("nonsense", "x")), form(("nonsense", "x.png", b"no image")),
                          ("multipart/form-data", b""), ("multipart/form-data; boundary=b", b"--c\r\n")]
            if "image/*" in types:
                tries += [("image/png", b"no image"), ("image/png", b"")]
            refused = 0
            for content_type, body in tries:
                with self.subTest(operation=operation["operationId"], content_type=content_type, body=body[:40]):
                    headers = {"Content-Type": content_type} if content_type else {}
                    reply = self.server.request(method, self.path_of(path, operation), body, headers)
                    self.assert_described(operation, reply, reply.status)  # it is one of those listed
                    refused += reply.status >= 400
            self.assertGreater(refused, 1 if "application/x-ndjson" not in types else 0, operation["operationId"])

    def test_parameters_that_are_wrong(self):
        for method, path, operation in self.operations():
            for parameter in self.parameters(operation, "query"):
                with self.subTest(operation=operation["operationId"], parameter=parameter["name"]):
                    content_type, body = self.encode(*list(self.bodies(operation))[0])
                    reply = self.server.request(method, f"{path}?{parameter['name']}=nonsense", body,
                                                {"Content-Type": content_type})
                    status = {"model": 404, "prompt_name": 422}.get(parameter["name"], 400)
                    self.assert_described(operation, reply, status)
            for parameter in self.parameters(operation, "path"):
                with self.subTest(operation=operation["operationId"], parameter=parameter["name"]):
                    headers, body = {}, None
                    if "requestBody" in operation:
                        headers["Content-Type"], body = self.encode(*list(self.bodies(operation))[0])
                    there = self.path_of(path, operation, **{parameter["name"]: "no%20such"})
                    reply = self.server.request(method, there, body, headers)
                    self.assert_described(operation, reply, 400 if method == "PUT" else 404)

    def test_not_acceptable(self):
        for method, path, operation in self.operations():
            if "406" in operation["responses"]:
                with self.subTest(operation=operation["operationId"]):
                    content_type, body = self.encode(*list(self.bodies(operation))[0])
                    reply = self.server.request(method, path, body, {"Content-Type": content_type,
                                                                     "Accept": "image/png"})
                    self.assert_described(operation, reply, 406)

    def test_too_late(self):
        late = set()
        for method, path, operation in self.operations():
            if "504" in operation["responses"]:
                with self.subTest(operation=operation["operationId"]):
                    content_type, body = self.encode(*list(self.bodies(operation))[0])
                    # Behind what the one before left in the queue, a hopeless deadline gets 429 instead.
                    while any(json_of(self.server.get("/health"))["queue_depth"].values()):
                        time.sleep(0.01)
                    reply = self.server.request(method, self.path_of(path, operation), body,
                                                {"Content-Type": content_type, "X-Request-Timeout": "0.1ms"})
                    self.assert_described(operation, reply, reply.status)
                    if reply.status == 504:
                        late.add(operation["operationId"])
        self.assertLessEqual({"embedText", "embedImage", "openaiEmbeddings", "teiEmbed", "infer"}, late)

    def test_other_methods_are_refused_in_each_protocols_shape(self):
        for _, path, operation in self.operations():
            with self.subTest(path=path):
                reply = self.server.request("PATCH", self.path_of(path, operation))
                self.assertEqual(reply.status, 405)
                schema = self.resolve(operation["responses"]["default"])["content"]["application/json"]["schema"]
                self.assertEqual(json_schema.problems(self.api, schema, json_of(reply)), [])

    def test_label_sets_that_are_there(self):
        self.server.request("PUT", "/label-sets/described", json.dumps({"labels": ["a", "long " * 100]}))
        for path in ("/label-sets", "/label-sets/{name}"):
            operation = self.api["paths"][path]["get"]
            self.assert_described(operation, self.server.get(path.replace("{name}", "described")), 200)

    def test_items_that_are_to_blame(self):
        operation = self.api["paths"]["/similarity"]["post"]
        reply = self.server.post("/similarity", *form(("images", "a.png", photo(1)), ("images", "b.png", b"none"),
                                                      ("text", "a cat")))
        self.assert_described(operation, reply, 415)
        self.assertEqual(json_of(reply)["error"]["index"], 1)


class Validator(unittest.TestCase):
    """The validator finds what is wrong: else the tests above could not fail."""

    def check(self, schema, good, bad):
        for value in good:
            self.assertEqual(json_schema.problems({}, schema, value), [], value)
        for value in bad:
            self.assertNotEqual(json_schema.problems({}, schema, value), [], value)

    def test_keywords(self):
        self.check({"type": "integer", "minimum": 1}, [1, 2], [0, 1.5, "1", True, None])
        self.check({"type": ["string", "null"]}, ["", None], [1, []])
        self.check({"type": "array", "items": {"type": "number"}, "minItems": 1}, [[1.5]], [[], ["a"], [None]])
        self.check({"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}}, [{"a": 1}],
                   [{}, {"a": 2}, {"a": 1, "b": 1}])
        self.check({"oneOf": [{"type": "integer"}, {"enum": [1, "x"]}]}, [2, "x"], [1, "y"])
        self.check({"type": "object", "additionalProperties": {"type": "integer"}}, [{"a": 1}], [{"a": "b"}])
        with self.assertRaises(ValueError):
            json_schema.problems({}, {"anyOf": []}, 1)

    def test_references(self):
        document = {"components": {"schemas": {"N": {"type": "integer"}}}}
        schema = {"type": "array", "items": {"$ref": "#/components/schemas/N"}}
        self.assertEqual(json_schema.problems(document, schema, [1]), [])
        self.assertEqual(len(json_schema.problems(document, schema, ["a"])), 1)


if __name__ == "__main__":
    unittest.main()
