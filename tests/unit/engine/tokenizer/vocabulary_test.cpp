#include "engine/tokenizer/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "engine/base/error.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/engine/tokenizer/vocabulary_forms.h"

namespace mobileclip {
namespace {

using namespace mobileclip::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

void expect_equal(const ClipVocabulary& a, const ClipVocabulary& b) {
  EXPECT_EQ(a.byte_ids, b.byte_ids);
  EXPECT_EQ(a.last_byte_ids, b.last_byte_ids);
  EXPECT_EQ(a.start_of_text, b.start_of_text);
  EXPECT_EQ(a.end_of_text, b.end_of_text);
  EXPECT_EQ(a.size, b.size);
  ASSERT_EQ(a.merges.size(), b.merges.size());
  for (std::size_t i = 0; i < a.merges.size(); ++i) {
    EXPECT_EQ(a.merges[i].left, b.merges[i].left);
    EXPECT_EQ(a.merges[i].right, b.merges[i].right);
    EXPECT_EQ(a.merges[i].merged, b.merges[i].merged);
  }
}

std::string load_error(const std::filesystem::path& path) {
  try {
    load_clip_vocabulary(path);
  } catch (const LoadError& e) {
    return e.what();
  }
  return "no error";
}

TEST(Vocabulary, AllFormsAreTheSame) {
  const TemporaryDirectory directory;
  const ClipVocabulary expected =
      load_clip_vocabulary(directory.write("a/tokenizer.json", small_tokenizer_json().dump()));
  EXPECT_EQ(expected.byte_ids['!'], 0);
  EXPECT_EQ(expected.last_byte_ids['!'], 256);
  EXPECT_EQ(expected.byte_ids[' '], 220);  // "Ġ"
  EXPECT_EQ(expected.merges[0].merged, 512);
  EXPECT_EQ(expected.start_of_text, 519);
  EXPECT_EQ(expected.end_of_text, 520);
  EXPECT_EQ(expected.size, 521u);

  Json pairs = small_tokenizer_json();
  for (Json& merge : pairs["model"]["merges"]) {
    const std::string text = merge.get<std::string>();
    merge = Json::array({text.substr(0, text.find(' ')), text.substr(text.find(' ') + 1)});
  }
  expect_equal(load_clip_vocabulary(directory.write("b/pairs.json", pairs.dump())), expected);

  const auto vocab = directory.write("c/vocab.json", small_vocab_json().dump());
  const auto merges = directory.write("c/merges.txt", small_merges_txt());
  expect_equal(load_clip_vocabulary(vocab), expected);
  expect_equal(load_clip_vocabulary(merges), expected);

  const std::string simple = small_merges_txt("\"bpe_simple_vocab_16e6.txt#version: 0.2");
  expect_equal(load_clip_vocabulary(directory.write("d/bpe_simple_vocab_16e6.txt", simple)), expected);
  expect_equal(load_clip_vocabulary(directory.write("e/bpe_simple_vocab_16e6.txt.gz", gzipped(simple))), expected);

  Json with_model = small_vocab_json();
  with_model["model"] = 100;  // as in CLIP's own vocab.json
  directory.write("f/merges.txt", small_merges_txt());
  expect_equal(load_clip_vocabulary(directory.write("f/vocab.json", with_model.dump())), expected);

  for (const char* form : {"a", "c", "d", "e"}) {
    EXPECT_TRUE(clip_vocabulary_exists_in(directory.path() / form)) << form;
    expect_equal(load_clip_vocabulary(directory.path() / form), expected);
  }
}

TEST(Vocabulary, WindowsLineEndsAndAMissingHeaderAreFine) {
  const TemporaryDirectory directory;
  directory.write("vocab.json", small_vocab_json().dump());
  std::string windows;
  for (const std::string& merge : kSmallMerges) windows += merge + "\r\n";
  directory.write("merges.txt", windows);
  EXPECT_EQ(load_clip_vocabulary(directory.path()).merges.size(), kSmallMerges.size());
}

TEST(Vocabulary, OpenClipsNamesOfTheSpecialsAreTakenToo) {
  const TemporaryDirectory directory;
  Json json = small_tokenizer_json();
  json["added_tokens"][0]["content"] = "<start_of_text>";
  json["added_tokens"][1]["content"] = "<end_of_text>";
  json["added_tokens"][1]["id"] = 1000;
  const ClipVocabulary vocabulary = load_clip_vocabulary(directory.write("tokenizer.json", json.dump()));
  EXPECT_EQ(vocabulary.end_of_text, 1000);
  EXPECT_EQ(vocabulary.size, 1001u);
}

TEST(Vocabulary, NothingThere) {
  const TemporaryDirectory directory;
  EXPECT_FALSE(clip_vocabulary_exists_in(directory.path()));
  EXPECT_FALSE(clip_vocabulary_exists_in(directory.path() / "none"));
  EXPECT_THAT(load_error(directory.path()),
              AllOf(HasSubstr(directory.path().string()), HasSubstr("expected tokenizer.json")));
  EXPECT_THAT(load_error(directory.path() / "none.json"), AllOf(HasSubstr("none.json"), HasSubstr("No such file")));
  directory.write("vocab.json", small_vocab_json().dump());
  EXPECT_FALSE(clip_vocabulary_exists_in(directory.path()));
  EXPECT_THAT(load_error(directory.path() / "vocab.json"), HasSubstr("expected merges.txt beside it"));
}

struct Damage {
  std::function<void(Json&)> inflict;
  const char* message;
};

TEST(Vocabulary, DamagedTokenizerJsonSaysWhatIsWrong) {
  const Damage cases[] = {
      {[](Json& j) { j["model"] = "x"; }, R"(model: expected an object, found "x")"},
      {[](Json& j) { j["model"]["type"] = "WordPiece"; }, R"(model.type: expected "BPE", found "WordPiece")"},
      {[](Json& j) { j["model"]["end_of_word_suffix"] = nullptr; }, R"(expected "</w>", found none)"},
      {[](Json& j) { j["model"].erase("end_of_word_suffix"); }, R"(end_of_word_suffix: expected "</w>", found none)"},
      {[](Json& j) { j["model"].erase("vocab"); }, "model.vocab: expected a value, found none"},
      {[](Json& j) { j["model"]["vocab"] = Json::array(); },
       "model.vocab: expected an object of symbols and ids, found ["},
      {[](Json& j) { j["model"]["vocab"]["a"] = -1; },
       R"(model.vocab["a"]: expected an id from 0 to 16777215, found -1)"},
      {[](Json& j) { j["model"]["vocab"]["a"] = 1.5; }, "found 1.5"},
      {[](Json& j) { j["model"]["vocab"]["a"] = "x"; }, "found \"x\""},
      {[](Json& j) { j["model"]["vocab"]["a"] = 18446744073709551615u; }, "found 18446744073709551615"},
      {[](Json& j) { j["model"]["vocab"].erase("a"); }, R"(expected the symbol "a" of byte 97)"},
      {[](Json& j) { j["model"]["vocab"].erase("a</w>"); }, R"(expected the symbol "a</w>" of byte 97)"},
      {[](Json& j) { j["model"]["vocab"].erase("cat</w>"); },
       R"(model.merges[1]: expected symbols of the vocabulary, found "cat</w>")"},
      {[](Json& j) { j["model"].erase("merges"); }, "model.merges: expected a value, found none"},
      {[](Json& j) { j["model"]["merges"][2] = "do"; },
       R"re(model.merges[2]: expected "left right" or ["left", "right"], found "do")re"},
      {[](Json& j) { j["model"]["merges"][2] = "d o g"; }, "model.merges[2]"},
      {[](Json& j) { j["model"]["merges"][2] = {"d"}; }, R"(model.merges[2]: expected "left right")"},
      {[](Json& j) { j["model"]["merges"][2] = 7; }, R"(model.merges[2]: expected "left right")"},
      {[](Json& j) { j["added_tokens"] = 7; }, "added_tokens: expected an array, found 7"},
      {[](Json& j) { j["added_tokens"][0].erase("id"); }, "added_tokens[0].id: expected a value, found none"},
      {[](Json& j) { j["added_tokens"][1]["id"] = 1 << 24; }, "added_tokens[1].id: expected an id"},
      {[](Json& j) { j["added_tokens"].erase(1); }, R"(expected the token "<end_of_text>" or "<|endoftext|>")"},
      {[](Json& j) { j["added_tokens"].erase(0); }, R"(expected the token "<start_of_text>" or "<|startoftext|>")"},
  };
  const TemporaryDirectory directory;
  for (const Damage& damage : cases) {
    Json json = small_tokenizer_json();
    damage.inflict(json);
    const auto file = directory.write("tokenizer.json", json.dump());
    EXPECT_THAT(load_error(file), AllOf(HasSubstr(file.string()), HasSubstr(damage.message)));
  }
}

TEST(Vocabulary, DamagedBytesSayWhatIsWrong) {
  const TemporaryDirectory directory;
  const std::string json = small_tokenizer_json().dump();
  EXPECT_THAT(load_error(directory.write("cut.json", json.substr(0, json.size() / 2))),
              AllOf(HasSubstr("cut.json"), HasSubstr("parse error")));
  EXPECT_THAT(load_error(directory.write("bytes.json", "{\"\xFF\": 1}")),
              HasSubstr("expected UTF-8, found other bytes at offset 2"));
  EXPECT_THAT(load_error(directory.write("empty.txt", "")),
              AllOf(HasSubstr("empty.txt"), HasSubstr("line 1: expected a header")));

  const std::string simple = small_merges_txt();
  EXPECT_THAT(load_error(directory.write("headless.txt", simple.substr(simple.find('\n') + 1))),
              HasSubstr(R"(line 1: expected a header with "#version", found "c a")"));
  EXPECT_THAT(load_error(directory.write("odd.txt", simple + "x\n")), HasSubstr("line 9: expected two symbols"));
  EXPECT_THAT(load_error(directory.write("gap.txt", "#version\n\nc a\n")), HasSubstr("line 2: expected two symbols"));
  EXPECT_THAT(load_error(directory.write("unknown.txt", "#version\nc at\n")),
              HasSubstr(R"(line 2: expected symbols of the vocabulary, found "at")"));

  const std::string compressed = gzipped(simple);
  EXPECT_THAT(load_error(directory.write("cut.txt.gz", compressed.substr(0, compressed.size() - 12))),
              AllOf(HasSubstr("cut.txt.gz"), HasSubstr("cannot be read")));
  std::string flipped = compressed;
  flipped[compressed.size() / 2] = static_cast<char>(~flipped[compressed.size() / 2]);
  EXPECT_THAT(load_error(directory.write("flipped.txt.gz", flipped)), HasSubstr("flipped.txt.gz"));

  directory.write("pair/vocab.json", "[1, 2]");
  directory.write("pair/merges.txt", simple);
  EXPECT_THAT(load_error(directory.path() / "pair/merges.txt"),
              HasSubstr("expected an object of symbols and ids, found ["));
}

}  // namespace
}  // namespace mobileclip
