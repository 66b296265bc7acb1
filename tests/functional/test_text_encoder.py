"""A text-only model in a sentence-transformers directory: served, embedded, inspected; prompts; images refused."""
import json
import unittest

import cli
import harness
import sentence_model


def model_directory(include_prompt=True):
    directory = cli.scratch() / ("small-bert" if include_prompt else "small-bert-without-prompts")
    if not directory.exists():
        directory.mkdir()
        sentence_model.write(directory, include_prompt)
    return directory


class TextEncoder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(model=model_directory())

    @classmethod
    def tearDownClass(cls):
        cls.server.end()

    def post(self, path, **body):
        return self.server.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})

    def assert_near(self, vector, expected):
        self.assertEqual(len(vector), len(expected))
        for got, wanted in zip(vector, expected):
            self.assertAlmostEqual(got, wanted, delta=2e-6)

    def test_text_embeddings_inference(self):
        reply = self.post("/embed", inputs=["A cats sat.", "dog", "  dog\n"])
        self.assertEqual(reply.status, 200, reply.body)
        cat, dog, same_dog = harness.json_of(reply)
        self.assert_near(cat, sentence_model.embed(["a", "cat", "##s", "sat", "."]))
        self.assert_near(dog, sentence_model.embed(["dog"]))
        self.assertEqual(dog, same_dog)

    def test_openai(self):
        reply = self.post("/v1/embeddings", input=["a dog", "a dog sat"], model="small-bert")
        self.assertEqual(reply.status, 200, reply.body)
        reply = harness.json_of(reply)
        self.assertEqual(reply["usage"]["total_tokens"], 4 + 5)
        self.assert_near(reply["data"][0]["embedding"], sentence_model.embed(["a", "dog"]))
        self.assert_near(reply["data"][1]["embedding"], sentence_model.embed(["a", "dog", "sat"]))

    def test_a_prompt_goes_before_the_text(self):
        named = harness.json_of(self.post("/embed", inputs="a cat", prompt_name="query"))[0]
        self.assert_near(named, sentence_model.embed(["query", ":", "a", "cat"]))
        self.assertNotEqual(named, harness.json_of(self.post("/embed", inputs="a cat"))[0], "not the remembered one")
        self.assertEqual(harness.json_of(self.post("/embed", inputs="a cat", prompt_name="document")),
                         harness.json_of(self.post("/embed", inputs="a cat")))
        unknown = self.post("/embed", inputs="a cat", prompt_name="title")
        self.assertGreaterEqual(unknown.status, 400)
        self.assertIn('expected one of \\"document\\", \\"query\\"', unknown.body.decode())

    def test_a_prompt_by_any_route(self):
        expected = sentence_model.embed(["query", ":", "a", "cat"])
        native = self.post("/embed/text", texts=["a cat"], prompt_name="query")
        self.assertEqual(native.status, 200, native.body)
        self.assert_near(harness.json_of(native)["embeddings"][0], expected)
        query = self.post("/embed/text?prompt_name=query", texts=["a cat"])
        self.assert_near(harness.json_of(query)["embeddings"][0], expected)
        openai = self.post("/v1/embeddings", input=["a cat"], prompt_name="query")
        self.assert_near(harness.json_of(openai)["data"][0]["embedding"], expected)
        lines = self.server.request("POST", "/embed/batch?prompt_name=query", '{"text": "a cat"}\n',
                                    {"Content-Type": "application/x-ndjson"})
        self.assert_near(json.loads(lines.body.splitlines()[0])["embedding"], expected)
        similarity = self.post("/similarity", texts=["a cat"], text_embeddings=[expected], prompt_name="query")
        self.assertEqual(similarity.status, 200, similarity.body)
        self.assertAlmostEqual(harness.json_of(similarity)["similarity"][0][1], 1, delta=2e-6)

    def test_a_prompt_that_is_not_there_is_refused_with_those_that_are(self):
        for path, body in (("/embed/text", {"text": "a cat"}), ("/similarity", {"texts": ["a cat", "dog"]}),
                           ("/v1/embeddings", {"input": "a cat"}), ("/embed", {"inputs": "a cat"}),
                           ("/embed/batch?prompt_name=title", {"text": "a cat"})):
            if "?" not in path:
                body["prompt_name"] = "title"
            reply = self.server.request("POST", path, json.dumps(body) + "\n",
                                        {"Content-Type": "application/x-ndjson" if "?" in path else "application/json"})
            self.assertEqual(reply.status, 422, (path, reply.body))
            self.assertIn('expected one of \\"document\\", \\"query\\"', reply.body.decode(), path)

    def test_texts_are_cut_to_max_seq_length(self):
        long = harness.json_of(self.post("/embed", inputs="cat " * 40, truncate=True))[0]
        self.assert_near(long, sentence_model.embed(["cat"] * 10))
        self.assertGreaterEqual(self.post("/embed", inputs="cat " * 40, truncate=False).status, 400)

    def test_info_tells_the_pooling(self):
        info = harness.json_of(self.server.request("GET", "/info"))
        self.assertEqual(info["model_type"], {"embedding": {"pooling": "mean"}})
        self.assertEqual((info["context_length"], info["dimensions"]), (12, 10))
        self.assertEqual(info["models"][0]["prompts"], ["document", "query"])

    def test_images_are_refused(self):
        reply = self.server.request("POST", "/embed/image", harness.photo(), {"Content-Type": "image/png"})
        self.assertEqual(reply.status, 422, reply.body)

    def test_a_prompt_may_be_left_out_of_pooling(self):
        result = cli.run("embed", "--model", model_directory(include_prompt=False), "--prompt-name", "query", "a cat")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_near(json.loads(result.stdout)["embedding"],
                         sentence_model.embed(["query", ":", "a", "cat"], left_out=3))

    def test_command_line(self):
        result = cli.run("embed", "--model", model_directory(), "--prompt-name", "query", "a cat")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assert_near(json.loads(result.stdout)["embedding"], sentence_model.embed(["query", ":", "a", "cat"]))
        tokens = cli.run("tokenize", "--model", model_directory(), "  A cats ", "cat " * 40)
        self.assertEqual(tokens.stdout, b"[2,7,8,10,3]\n[2,8,8,8,8,8,8,8,8,8,8,3]\n", tokens.stderr)
        inspected = cli.run("inspect", "--summary", model_directory())
        self.assertEqual(inspected.returncode, 0, inspected.stderr)
        self.assertIn(b"bert, 10 dimensions, 12 tokens at most", inspected.stdout)
        self.assertIn(b"13 tokens", inspected.stdout)


if __name__ == "__main__":
    unittest.main()
