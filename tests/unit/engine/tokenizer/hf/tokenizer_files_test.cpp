// A directory's tokeniser: which files there are, and what the configuration beside them changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/tokenizer/byte_symbols.h"
#include "engine/tokenizer/hf/hf_tokenizer.h"
#include "engine/tokenizer/utf8.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;
constexpr std::size_t kNoLimit = 1000;

std::string error_of(const std::filesystem::path& path) {
  try {
    load_hf_tokenizer(path);
  } catch (const LoadError& error) {
    return error.what();
  }
  return "no error";
}

TokenIds ids_of(const std::filesystem::path& path, std::string_view text, std::size_t max_length = kNoLimit) {
  return load_hf_tokenizer(path)->encode(text, max_length)->ids;
}

TEST(TokenizerFiles, VocabTxtWithItsConfiguration) {
  const testing::TemporaryDirectory directory;
  directory.write("vocab.txt", "<pad>\n[UNK]\n<s>\n</s>\nthe\r\nThe\ncafé\ncafe\n");
  EXPECT_THROW(load_hf_tokenizer(directory.path()), LoadError);  // no [CLS]
  directory.write("tokenizer_config.json",
                  R"({"cls_token": "<s>", "sep_token": {"content": "</s>"}, "pad_token": "<pad>"})");
  EXPECT_THAT(load_hf_tokenizer(directory.path())->encode("The café</s>", kNoLimit)->ids, ElementsAre(2, 4, 7, 3, 3));
  directory.write("tokenizer_config.json", R"({"cls_token": "<s>", "sep_token": "</s>", "do_lower_case": false})");
  EXPECT_THAT(load_hf_tokenizer(directory.path())->encode("The café", kNoLimit)->ids, ElementsAre(2, 5, 6, 3));
}

TEST(TokenizerFiles, SpecialTokensMapGoesBeforeAConfigurationWithoutAddedTokens) {
  const testing::TemporaryDirectory directory;
  directory.write("vocab.txt", "[PAD]\n[UNK]\n<s>\n</s>\n<m>\nthe\n");
  directory.write("tokenizer_config.json", R"({"cls_token": "[CLS]", "sep_token": "</s>"})");
  directory.write("special_tokens_map.json",
                  R"({"cls_token": "<s>", "mask_token": {"content": "<m>", "lstrip": true, "normalized": false}})");
  EXPECT_THAT(ids_of(directory.path(), "the  <m>"), ElementsAre(2, 5, 4, 3));
  directory.write("tokenizer_config.json",
                  R"({"cls_token": "[CLS]", "sep_token": "</s>", "added_tokens_decoder": {}})");
  EXPECT_THAT(error_of(directory.path()), HasSubstr("expected the token \"[CLS]\" (cls_token), found none"));
}

TEST(TokenizerFiles, AddedTokensJson) {
  const testing::TemporaryDirectory directory;
  directory.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nnew\n##york\n");
  EXPECT_THAT(ids_of(directory.path(), "NewYork"), ElementsAre(2, 4, 5, 3));
  directory.write("added_tokens.json", R"({"newyork": 6})");
  EXPECT_THAT(ids_of(directory.path(), "a NewYork"), ElementsAre(2, 1, 6, 3));
  directory.write("added_tokens.json", R"({"newyork": -6})");
  EXPECT_THAT(error_of(directory.path()), AllOf(HasSubstr("added_tokens.json"), HasSubstr("newyork")));
}

/// A byte-level vocabulary as RoBERTa's: special tokens, bytes, "the" and its like.
class VocabJsonWithMerges : public ::testing::Test {
 protected:
  VocabJsonWithMerges() {
    Json vocab{{"<s>", 0}, {"<pad>", 1}, {"</s>", 2}, {"<unk>", 3}};
    int next_id = 4;
    for (const ByteSymbol& byte : byte_symbols()) {
      std::string name;
      append_utf8(name, byte.symbol);
      vocab[name] = next_id++;
    }
    for (const char* symbol : {"th", "the", "\u0120the", "<mask>"}) vocab[symbol] = next_id++;
    write(vocab);
    for (const auto& [name, id] : vocab.items()) ids_[name] = id;
  }
  void write(const Json& vocab) const {
    directory_.write("vocab.json", vocab.dump());
    directory_.write("merges.txt", "#version: 0.2\nt h\nth e\n\u0120 the\n");
  }
  [[nodiscard]] TokenIds ids(std::string_view text) const { return ids_of(directory_.path(), text); }
  [[nodiscard]] std::int32_t id(const std::string& symbol) const { return ids_.at(symbol); }

  testing::TemporaryDirectory directory_;
  std::map<std::string, std::int32_t> ids_;
};

TEST_F(VocabJsonWithMerges, AreRobertas) {
  const std::int32_t the = id("the");
  const std::int32_t then = id("\u0120the");
  EXPECT_THAT(ids("the the"), ElementsAre(0, the, then, 2));
  EXPECT_THAT(ids("the  <mask> the"), ElementsAre(0, the, id("<mask>"), then, 2));  // takes the space before it
  EXPECT_THAT(ids("the</s>"), ElementsAre(0, the, 2, 2));
  EXPECT_THAT(ids("\u00e9"), ElementsAre(0, id("\u00c3"), id("\u00a9"), 2));
  EXPECT_THAT(ids_of(directory_.path() / "vocab.json", "the"), ElementsAre(0, the, 2));
  EXPECT_THAT(ids_of(directory_.path() / "merges.txt", "the"), ElementsAre(0, the, 2));
  EXPECT_EQ(load_hf_tokenizer(directory_.path())->frame({5, 1, 1}, kNoLimit)->ids, TokenIds({0, 5, 1, 1, 2}));
  EXPECT_EQ(load_hf_tokenizer(directory_.path())->frame({0, 5, 2, 1, 1}, kNoLimit)->ids, TokenIds({0, 5, 2}));
}

TEST_F(VocabJsonWithMerges, TakeTheirConfiguration) {
  directory_.write("tokenizer_config.json",
                   R"({"tokenizer_class": "RobertaTokenizerFast", "add_prefix_space": true, "cls_token": "<pad>",
                       "mask_token": {"content": "<mask>", "lstrip": false, "rstrip": true, "normalized": false}})");
  EXPECT_THAT(ids("the <mask> the"), ElementsAre(1, id("\u0120the"), id("\u0120"), id("<mask>"), id("\u0120the"), 2));
  directory_.write("tokenizer_config.json", R"({"tokenizer_class": "GPT2Tokenizer"})");
  EXPECT_THAT(error_of(directory_.path()), HasSubstr("tokenizer_class: expected RobertaTokenizer or DebertaTokenizer"));
  directory_.write("tokenizer_config.json", R"({"sep_token": "<end>"})");
  EXPECT_THAT(error_of(directory_.path()), HasSubstr("vocab.json: expected the token \"<end>\" (sep_token)"));
}

TEST_F(VocabJsonWithMerges, OfDebertaHaveBertsSpecialTokens) {
  const std::int32_t the = id("the");
  Json vocab = Json::object();
  for (const auto& [name, value] : ids_) vocab[name] = value;
  vocab["[CLS]"] = 300;
  vocab["[SEP]"] = 301;
  vocab["[MASK]"] = 302;
  write(vocab);
  EXPECT_THAT(ids("the"), ElementsAre(0, the, 2)) << "RoBERTa's are there";
  directory_.write("tokenizer_config.json", R"({"tokenizer_class": "DebertaTokenizer"})");
  EXPECT_THAT(ids("the [MASK]"), ElementsAre(300, the, 302, 301));
  std::filesystem::remove(directory_.path() / "tokenizer_config.json");
  vocab.erase("<s>");
  write(vocab);
  EXPECT_THAT(ids("the"), ElementsAre(300, the, 301));
}

TEST_F(VocabJsonWithMerges, AreToldFromClips) {
  EXPECT_TRUE(is_hf_tokenizer(directory_.path()));
  EXPECT_TRUE(is_hf_tokenizer(directory_.path() / "merges.txt"));
  directory_.write("vocab.json", R"({"!": 0, "!</w>": 1})");
  EXPECT_FALSE(is_hf_tokenizer(directory_.path()));
  EXPECT_FALSE(is_hf_tokenizer(directory_.path() / "vocab.json"));
  std::filesystem::remove(directory_.path() / "merges.txt");
  EXPECT_FALSE(is_hf_tokenizer(directory_.path() / "vocab.json"));
}

TEST_F(VocabJsonWithMerges, SayWhatIsWrong) {
  directory_.write("merges.txt", "#version: 0.2\nt h\nth\n");
  EXPECT_THAT(error_of(directory_.path()), AllOf(HasSubstr("merges.txt: line 3"), HasSubstr("\"th\"")));
  directory_.write("merges.txt", "t x\n");
  EXPECT_THAT(error_of(directory_.path()), AllOf(HasSubstr("vocab.json"), HasSubstr("\"tx\"")));
  directory_.write("vocab.json", "[]");
  EXPECT_THAT(error_of(directory_.path()), HasSubstr("vocab.json: expected an object"));
}

/// A tokenizer.json with words of both cases, and configurations beside it.
class TokenizerJsonWithConfig : public ::testing::Test {
 protected:
  TokenizerJsonWithConfig() {
    json_ = Json::parse(R"({
      "added_tokens": [{"id": 1, "content": "[CLS]", "special": true}, {"id": 2, "content": "[SEP]", "special": true},
                       {"id": 3, "content": "[MASK]", "special": true, "lstrip": true}],
      "normalizer": {"type": "BertNormalizer", "lowercase": true, "strip_accents": null},
      "pre_tokenizer": {"type": "BertPreTokenizer"},
      "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 1], "sep": ["[SEP]", 2]},
      "model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "[MASK]": 3, "the": 4, "The": 5,
                "caf\u00e9": 6, "cafe": 7, "\u6f22": 8, "\u6f22\u5b57": 9, "\u5b57": 10, "a": 11, "[Q]": 12}}})");
  }
  [[nodiscard]] TokenIds ids(const char* config, std::string_view text, std::size_t max_length = kNoLimit) const {
    directory_.write("tokenizer.json", json_.dump());
    directory_.write("tokenizer_config.json", config);
    return ids_of(directory_.path(), text, max_length);
  }

  testing::TemporaryDirectory directory_;
  Json json_;
};

// As BertTokenizerFast takes its arguments: what is null or absent beside one that is there is the class's own default.
TEST_F(TokenizerJsonWithConfig, BertNormalizer) {
  constexpr const char* kText = "The caf\u00e9 \u6f22\u5b57";
  EXPECT_THAT(ids("{}", kText), ElementsAre(1, 4, 7, 8, 10, 2));
  EXPECT_THAT(ids(R"({"do_lower_case": false})", kText), ElementsAre(1, 5, 6, 8, 10, 2));
  EXPECT_THAT(ids(R"({"do_lower_case": false, "strip_accents": true})", kText), ElementsAre(1, 5, 7, 8, 10, 2));
  EXPECT_THAT(ids(R"({"do_lower_case": true, "tokenize_chinese_chars": false})", kText), ElementsAre(1, 4, 7, 9, 2));
  for (const char* name : {"BertTokenizer", "DistilBertTokenizerFast"}) {
    const Json config{{"do_lower_case", false}, {"tokenizer_class", name}};
    EXPECT_THAT(ids(config.dump().c_str(), "The"), ElementsAre(1, 5, 2)) << name;
  }
  EXPECT_THAT(ids(R"({"do_lower_case": false, "tokenizer_class": "PreTrainedTokenizerFast"})", "The"),
              ElementsAre(1, 4, 2));
  json_["normalizer"] = {{"type", "Sequence"}, {"normalizers", Json::array({json_["normalizer"]})}};
  EXPECT_THAT(ids(R"({"do_lower_case": false})", "The"), ElementsAre(1, 4, 2));
}

TEST_F(TokenizerJsonWithConfig, AFileByItselfIsAsItIs) {
  EXPECT_THAT(ids(R"({"do_lower_case": false})", "The"), ElementsAre(1, 5, 2));
  EXPECT_THAT(ids_of(directory_.path() / "tokenizer.json", "The"), ElementsAre(1, 4, 2));
}

TEST_F(TokenizerJsonWithConfig, AddedTokensAreTheConfigurations) {
  EXPECT_THAT(ids("{}", "the [MASK] a"), ElementsAre(1, 4, 3, 11, 2));
  // Same token, other properties: single_word.
  constexpr const char* kDecoder = R"({"added_tokens_decoder": {
      "3": {"content": "[MASK]", "special": true, "single_word": true}, "20": {"content": "a the", "normalized": true}}})";
  EXPECT_THAT(ids(kDecoder, "the [MASK] a"), ElementsAre(1, 4, 3, 11, 2));
  EXPECT_THAT(ids(kDecoder, "a[MASK]"), ElementsAre(1, 11, 0, 0, 0, 2));
  EXPECT_THAT(ids(kDecoder, "A The"), ElementsAre(1, 20, 2));
  EXPECT_EQ(load_hf_tokenizer(directory_.path())->vocabulary_size(), 21u);
  EXPECT_THAT(ids(R"({"additional_special_tokens": ["[Q]", "[none]"]})", "[Q]the"), ElementsAre(1, 12, 4, 2));
  EXPECT_THAT(ids(R"({"extra_special_tokens": {"query_token": "[Q]"}})", "[Q]the"), ElementsAre(1, 12, 4, 2));
  directory_.write("tokenizer_config.json", R"({"added_tokens_decoder": {"x": {"content": "a"}}})");
  EXPECT_THAT(error_of(directory_.path()), HasSubstr("added_tokens_decoder: expected ids of tokens, found \"x\""));
}

TEST_F(TokenizerJsonWithConfig, TruncationSide) {
  EXPECT_THAT(ids(R"({"truncation_side": "left"})", "the a", 3), ElementsAre(1, 11, 2));
  json_["truncation"] = {{"direction", "Left"}, {"max_length", 2}};
  EXPECT_THAT(ids("{}", "the a", 3), ElementsAre(1, 11, 2));
  EXPECT_THAT(ids(R"({"truncation_side": "right"})", "the a", 3), ElementsAre(1, 4, 2));
  directory_.write("tokenizer_config.json", R"({"truncation_side": "up"})");
  EXPECT_THAT(error_of(directory_.path()), HasSubstr("truncation_side: expected left or right"));
}

TEST_F(TokenizerJsonWithConfig, PrefixSpaceOfAByteLevelPreTokenizer) {
  json_ = Json::parse(R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
      "model": {"type": "BPE", "vocab": {"a": 0, "\u0120": 1}, "merges": []}})");
  EXPECT_THAT(ids("{}", "a"), ElementsAre(0));
  EXPECT_THAT(ids(R"({"add_prefix_space": true})", "a"), ElementsAre(1, 0));
}

TEST_F(TokenizerJsonWithConfig, WhatIsNotDoneIsRefused) {
  directory_.write("tokenizer.json", json_.dump());
  directory_.write("tokenizer_config.json", R"({"split_special_tokens": true})");
  EXPECT_THAT(error_of(directory_.path()), HasSubstr("split_special_tokens: expected false"));
  directory_.write("tokenizer_config.json", "[]");
  EXPECT_THAT(error_of(directory_.path()), HasSubstr("tokenizer_config.json: expected an object"));
}

}  // namespace
}  // namespace mobileclip
