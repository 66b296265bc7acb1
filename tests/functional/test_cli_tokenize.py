"""mobileclip-server tokenize."""
import json
import pathlib
import tempfile
import unittest

import cli


def byte_ids(*words):
    """Ids of ASCII words in the demo vocabulary: bytes only, the last of a word marked."""
    ids = [49406]
    for word in words:
        ids += [ord(c) - ord("!") for c in word[:-1]] + [256 + ord(word[-1]) - ord("!")]
    return ids + [49407]


class Tokenize(unittest.TestCase):
    def tokenize(self, *arguments, stdin=b""):
        result = cli.run("tokenize", *arguments, stdin=stdin)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def test_prints_a_line_a_text(self):
        self.assertEqual(self.tokenize("--model", cli.demo_model(), "a cat", "", "Hello, World!"),
                         [byte_ids("a", "cat"), [49406, 49407], byte_ids("hello", ",", "world", "!")])

    def test_takes_texts_as_they_are_typed(self):
        texts = ["[a, b]", "{}", "++", "serve", "--", "--model", "a=b", "it's"]
        expected = [byte_ids("[", "a", ",", "b", "]"), byte_ids("{}"), byte_ids("++"), byte_ids("serve"),
                    byte_ids("--"), byte_ids("--", "model"), byte_ids("a", "=", "b"), byte_ids("it", "'s")]
        self.assertEqual(self.tokenize("--model", cli.demo_model(), "--", *texts), expected)

    def test_reads_lines_from_standard_input(self):
        self.assertEqual(self.tokenize("--vocab", cli.demo_model() / "tokenizer.json", "-", stdin=b"a cat\n\nlast"),
                         [byte_ids("a", "cat"), [49406, 49407], byte_ids("last")])
        self.assertEqual(self.tokenize("--model", cli.demo_model(), "-", stdin=b""), [])

    def test_cuts_and_pads(self):
        cut = self.tokenize("--model", cli.demo_model(), "--context", "4", "cats")
        self.assertEqual(cut, [byte_ids("cats")[:3] + [49407]])
        padded = self.tokenize("--model", cli.demo_model(), "--context", "9", "--pad", "cats")
        self.assertEqual(padded, [byte_ids("cats") + [0, 0, 0]])
        self.assertEqual(len(self.tokenize("--model", cli.demo_model(), "x" * 1000)[0]), 77)

    def test_names_the_line_that_is_not_utf8(self):
        result = cli.run("tokenize", "--model", cli.demo_model(), "-", stdin=b"good\nb\xff\xfed\n")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(len(result.stdout.splitlines()), 1)
        self.assertIn(b"line 2", result.stderr)

    def test_takes_vocabularies_of_text_encoders(self):
        with tempfile.TemporaryDirectory() as directory:
            vocabulary = pathlib.Path(directory) / "vocab.txt"
            vocabulary.write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\ncat\n##s\n")
            self.assertEqual(self.tokenize("--vocab", vocabulary, "The cats", "dog"), [[2, 4, 5, 6, 3], [2, 1, 3]])
            self.assertEqual(self.tokenize("--model", directory, "--context", "4", "the cats"), [[2, 4, 5, 3]])
            self.assertEqual(len(self.tokenize("--model", directory, "cat " * 200)[0]), 202)
            result = cli.run("tokenize", "--model", directory, "--pad", "cat")
            self.assertEqual(result.returncode, 2)
            self.assertIn(b"--context", result.stderr)
            (pathlib.Path(directory) / "tokenizer.json").write_text(
                '{"model": {"type": "WordLevel"}, "pre_tokenizer": {"type": "Whitespace"}}')
            result = cli.run("tokenize", "--model", directory, "cat")
            self.assertEqual(result.returncode, 1)
            self.assertIn(b'model.type: expected one of BPE, Unigram, WordPiece, found "WordLevel"', result.stderr)

    def test_gives_the_ids_of_openclip(self):
        vocabulary = cli.SHARED / "data" / "bpe_simple_vocab_16e6.txt.gz"
        if not vocabulary.exists():
            self.skipTest("needs data/bpe_simple_vocab_16e6.txt.gz of the shared folder (../shared)")
        self.assertEqual(self.tokenize("--vocab", vocabulary, "a photo of a cat", "Hello, World!"),
                         [[49406, 320, 1125, 539, 320, 2368, 49407], [49406, 3306, 267, 1002, 256, 49407]])


if __name__ == "__main__":
    unittest.main()
