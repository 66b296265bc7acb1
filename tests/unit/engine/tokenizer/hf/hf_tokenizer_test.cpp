#include "engine/tokenizer/hf/hf_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using Json = nlohmann::json;
constexpr std::size_t kNoLimit = 1000;

Json small_json() {
  return Json::parse(R"({
    "version": "1.0", "truncation": {"max_length": 2}, "padding": {"pad_id": 1},
    "added_tokens": [
      {"id": 2, "content": "[CLS]", "special": true, "normalized": false},
      {"id": 3, "content": "[SEP]", "special": true, "normalized": false},
      {"id": 4, "content": "[MASK]", "special": true, "normalized": false, "lstrip": true},
      {"id": 20, "content": "New", "special": false, "normalized": true, "single_word": true},
      {"id": 21, "content": "<r>", "special": false, "normalized": false, "rstrip": true}],
    "normalizer": {"type": "BertNormalizer"},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
      "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                         "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
    "model": {"type": "WordPiece",
      "vocab": {"[UNK]": 0, "[PAD]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "the": 5, "cat": 6, "##s": 7, "!": 8}}})");
}

std::unique_ptr<Tokenizer> load(const Json& json) {
  const testing::TemporaryDirectory directory;
  return load_hf_tokenizer(directory.write("tokenizer.json", json.dump()));
}

class SmallHfTokenizer : public ::testing::Test {
 protected:
  [[nodiscard]] TokenizedText encode(std::string_view text, std::size_t max_length = kNoLimit) const {
    auto encoded = tokenizer_->encode(text, max_length);
    if (!encoded) throw std::runtime_error(encoded.error().message);
    return *std::move(encoded);
  }

  std::unique_ptr<Tokenizer> tokenizer_ = load(small_json());
};

TEST_F(SmallHfTokenizer, Words) {
  EXPECT_THAT(encode("The CATS!").ids, ElementsAre(2, 5, 6, 7, 8, 3));
  EXPECT_THAT(encode("").ids, ElementsAre(2, 3));
  EXPECT_THAT(encode("dog").ids, ElementsAre(2, 0, 3));
  EXPECT_EQ(tokenizer_->vocabulary_size(), 22u);
}

TEST_F(SmallHfTokenizer, AddedTokens) {
  EXPECT_THAT(encode("the  [MASK]cat").ids, ElementsAre(2, 5, 4, 6, 3));
  EXPECT_THAT(encode("[mask]").ids, ElementsAre(2, 0, 0, 0, 3));        // as it stands only,
  EXPECT_THAT(encode("the NEW cat").ids, ElementsAre(2, 5, 20, 6, 3));  // or normalised
  EXPECT_THAT(encode("thenew").ids, ElementsAre(2, 0, 3));
  EXPECT_THAT(encode("<r>  cat<r>").ids, ElementsAre(2, 21, 6, 21, 3));
}

TEST_F(SmallHfTokenizer, SpansSayWhereEachTokenStands) {
  const auto spans = tokenizer_->spans(" Thé\tcat\u00ADs [MASK]");
  ASSERT_TRUE(spans.ok());
  std::vector<std::pair<std::string, bool>> tokens;
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  for (const TokenSpan& span : *spans) {
    tokens.emplace_back(span.text, span.special);
    EXPECT_EQ(span.frame, !span.range);
    if (span.range) ranges.emplace_back(span.range->begin, span.range->end);
  }
  EXPECT_THAT(tokens, ElementsAre(Pair("[CLS]", true), Pair("Thé", false), Pair("cat", false), Pair("s", false),
                                  Pair(" [MASK]", true), Pair("[SEP]", true)));
  EXPECT_THAT(ranges, ElementsAre(Pair(1, 4), Pair(5, 8), Pair(9, 10), Pair(10, 17)));
  EXPECT_FALSE(spans->front().range);
}

TEST_F(SmallHfTokenizer, TooLongATextIsCutInsideTheSpecials) {
  const TokenizedText cut = encode("the cats!", 4);
  EXPECT_THAT(cut.ids, ElementsAre(2, 5, 6, 3));
  EXPECT_TRUE(cut.truncated());
  EXPECT_EQ(cut.untruncated_length, 6u);
  EXPECT_FALSE(encode("the cats!", 6).truncated());
  EXPECT_THAT(encode("the cats!", 2).ids, ElementsAre(2, 3));
  EXPECT_EQ(tokenizer_->encode("the", 1).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(SmallHfTokenizer, FramesIdsThatSomebodyHas) {
  const auto frame = [&](TokenIds ids, std::size_t max_length = kNoLimit) {
    return tokenizer_->frame(std::move(ids), max_length)->ids;
  };
  EXPECT_THAT(frame({5, 6}), ElementsAre(2, 5, 6, 3));
  EXPECT_THAT(frame({2, 5, 6, 3}), ElementsAre(2, 5, 6, 3));
  EXPECT_THAT(frame({2, 5, 6, 3, 1, 1}), ElementsAre(2, 5, 6, 3));
  EXPECT_THAT(frame({5, 1}), ElementsAre(2, 5, 1, 3));
  EXPECT_THAT(frame({}), ElementsAre(2, 3));
  EXPECT_THAT(frame({5, 6, 7, 8}, 4), ElementsAre(2, 5, 6, 3));
  EXPECT_THAT(frame({2, 5, 6, 7, 8, 3}, 4), ElementsAre(2, 5, 6, 3));
  EXPECT_EQ(tokenizer_->frame({5, 6, 7, 8}, 4)->untruncated_length, 6u);
  EXPECT_FALSE(tokenizer_->frame({5}, 1).ok());
}

TEST_F(SmallHfTokenizer, CutsWhereTheFileSays) {
  Json json = small_json();
  json["truncation"]["direction"] = "Left";
  tokenizer_ = load(json);
  EXPECT_THAT(encode("the cats!", 4).ids, ElementsAre(2, 7, 8, 3));
  EXPECT_THAT(encode("the cats!", 5).ids, ElementsAre(2, 6, 7, 8, 3));
  EXPECT_THAT(encode("the cats!", 6).ids, ElementsAre(2, 5, 6, 7, 8, 3));
  EXPECT_THAT(encode("the cats!", 2).ids, ElementsAre(2, 3));
  EXPECT_EQ(encode("the cats!", 4).untruncated_length, 6u);
  EXPECT_THAT(tokenizer_->frame({5, 6, 7, 8}, 4)->ids, ElementsAre(2, 7, 8, 3));
  json["truncation"]["direction"] = "up";
  EXPECT_THROW(load(json), LoadError);
}

TEST_F(SmallHfTokenizer, WhatIsNotUtf8IsRefused) {
  EXPECT_EQ(tokenizer_->encode("cat \xFF", kNoLimit).error().code, ErrorCode::kInvalidText);
  EXPECT_THAT(tokenizer_->spans("cat \xED\xA0\x80").error().message, HasSubstr("offset 4"));
}

TEST(HfTokenizer, WithoutNormalizerPreTokenizerAndFrame) {
  const Json json = Json::parse(R"({"normalizer": null, "pre_tokenizer": null, "post_processor": null,
      "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, " ": 2, "ab": 3}, "merges": ["a b"]}})");
  EXPECT_THAT(load(json)->encode("ab ba", kNoLimit)->ids, ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(load(json)->encode("ab ba", 2)->ids, ElementsAre(3, 2));
  EXPECT_FALSE(load(json)->encode("ab", 0).ok());
}

// RoBERTa's: the space before a word belongs to its token, but not to the place that is told.
TEST(HfTokenizer, TrimsPlaces) {
  Json json = Json::parse(R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true},
      "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": true},
      "model": {"type": "BPE", "vocab": {"<s>": 0, "</s>": 2, "Ġ": 3, "a": 4, "Ġa": 5, "Ã": 6, "©": 7}, "merges": ["Ġ a"]}})");
  const auto ranges = [&] {
    std::vector<std::pair<std::size_t, std::size_t>> found;
    const auto tokenizer = load(json);
    const auto spans = tokenizer->spans("a aé");
    for (const TokenSpan& span : *spans) {
      if (span.range) found.emplace_back(span.range->begin, span.range->end);
    }
    return found;
  };
  EXPECT_THAT(ranges(), ElementsAre(Pair(0, 1), Pair(2, 3), Pair(3, 4), Pair(3, 4)));
  json["post_processor"]["trim_offsets"] = false;
  EXPECT_THAT(ranges(), ElementsAre(Pair(0, 1), Pair(1, 3), Pair(3, 4), Pair(3, 4)));
}

TEST(HfTokenizer, SaysWhatIsWrong) {
  const testing::TemporaryDirectory directory;
  const auto error = [&](const std::filesystem::path& path) {
    try {
      load_hf_tokenizer(path);
    } catch (const LoadError& thrown) {
      return std::string(thrown.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(error(directory.path()),
              HasSubstr("expected tokenizer.json, vocab.txt or vocab.json with merges.txt, found none"));
  EXPECT_THAT(error(directory.write("tokenizer.json", "{")),
              AllOf(HasSubstr("tokenizer.json: expected JSON"), HasSubstr("parse error")));
  EXPECT_THAT(error(directory.write("tokenizer.json", "[]")), HasSubstr("expected an object, found []"));
  Json json = small_json();
  json["post_processor"]["single"][1]["Sequence"]["id"] = "B";
  EXPECT_THAT(error(directory.write("tokenizer.json", json.dump())),
              HasSubstr("post_processor.single: expected a template"));
  json = small_json();
  json["added_tokens"][3].erase("id");
  EXPECT_THAT(error(directory.write("tokenizer.json", json.dump())), HasSubstr("added_tokens[3].id: expected a value"));
}

// Texts that would take minutes if anything were quadratic in a word, a run of marks or of white space.
TEST_F(SmallHfTokenizer, AMegabyteOfAnythingIsNoTrouble) {
  const auto unigram = load(Json::parse(R"({"normalizer": {"type": "NFKC"},
      "pre_tokenizer": {"type": "Metaspace"},
      "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -1], ["aa", -1.5], ["▁", -2]]}})"));
  const auto bpe = load(Json::parse(R"({"added_tokens": [{"id": 9, "content": " <m>", "normalized": true}],
      "normalizer": {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
      "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "behavior": "Isolated", "pattern": {"Regex": "\\p{L}+|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}},
        {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]},
      "model": {"type": "BPE", "vocab": {"a": 0, "aa": 1, "aaaa": 2, "Ġ": 3}, "merges": ["a a", "aa aa"]}})"));
  for (const std::string_view unit :
       {"a", " ", "a ", "!", "\u0301\u0327", "\n", "[MASK", "[MASK]", "漢", "<m", "\t", "한"}) {
    std::string text;
    while (text.size() < 1'000'000) text += unit;
    for (const Tokenizer* tokenizer : {tokenizer_.get(), unigram.get(), bpe.get()}) {
      const auto encoded = tokenizer->encode(text, 512);
      ASSERT_TRUE(encoded.ok()) << unit << ": " << encoded.error().message;
      EXPECT_LE(encoded->ids.size(), 512u);
    }
  }
}

// A pattern that backtracks without end gives up, and says so.
TEST(HfTokenizer, CostlyPatternsAreGivenUp) {
  const auto tokenizer = load(Json::parse(R"({"pre_tokenizer": {"type": "Split", "behavior": "Isolated",
      "pattern": {"Regex": "(a+)+b"}}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})"));
  const auto encoded = tokenizer->encode(std::string(5000, 'a'), 512);
  ASSERT_FALSE(encoded.ok());
  EXPECT_EQ(encoded.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(encoded.error().message, HasSubstr("pattern"));
  EXPECT_EQ(tokenizer->encode("aaa", 512)->ids.size(), 3u);
}

}  // namespace
}  // namespace mobileclip
