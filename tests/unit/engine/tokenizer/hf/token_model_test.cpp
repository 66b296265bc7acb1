#include "engine/tokenizer/hf/token_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/engine/tokenizer/hf/parts.h"

namespace mobileclip::hf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<PieceToken> encoded(const nlohmann::json& json, std::string_view piece) {
  const auto model = parse_token_model(JsonNode(json, "tokenizer.json"));
  ModelWorkspace workspace;
  std::vector<PieceToken> tokens;
  model->encode(decode_utf8(piece).text, workspace, tokens);
  return tokens;
}

nlohmann::json word_piece() {
  return nlohmann::json::parse(R"({"type": "WordPiece", "max_input_chars_per_word": 8,
      "vocab": {"[UNK]": 0, "un": 1, "##aff": 2, "##able": 3, "##a": 4, "##": 5, "##un": 6, "unaff": 7, "é": 8}})");
}

TEST(WordPiece, LongestFirst) {
  EXPECT_THAT(encoded(word_piece(), "unaffun"), ElementsAre(PieceToken{7, 0, 5}, PieceToken{6, 5, 7}));
  EXPECT_THAT(encoded(word_piece(), "éa"), ElementsAre(PieceToken{8, 0, 1}, PieceToken{4, 1, 2}));
  // A word may itself look like a continuation.
  EXPECT_THAT(encoded(word_piece(), "##un"), ElementsAre(PieceToken{6, 0, 4}));
}

TEST(WordPiece, AWordIsKnownWholeOrNotAtAll) {
  EXPECT_THAT(encoded(word_piece(), "unx"), ElementsAre(PieceToken{0, 0, 3}));
  EXPECT_THAT(encoded(word_piece(), "ununun"),
              ElementsAre(PieceToken{1, 0, 2}, PieceToken{6, 2, 4}, PieceToken{6, 4, 6}));
  EXPECT_THAT(encoded(word_piece(), "unununun"), ::testing::SizeIs(4));
  EXPECT_THAT(encoded(word_piece(),
                      "unununa"
                      "un"),
              ElementsAre(PieceToken{0, 0, 9}));  // 9 characters
}

nlohmann::json unigram() {
  return nlohmann::json::parse(R"({"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0], ["b", -1.0],
      ["ab", -1.5], ["abc", -9.0], ["c", -2.0], ["é", -3.0]]})");
}

TEST(Unigram, TheLikeliestWay) {
  EXPECT_THAT(encoded(unigram(), "abc"), ElementsAre(PieceToken{3, 0, 2}, PieceToken{5, 2, 3}));
  EXPECT_THAT(encoded(unigram(), "aéb"), ElementsAre(PieceToken{1, 0, 1}, PieceToken{6, 1, 2}, PieceToken{2, 2, 3}));
}

TEST(Unigram, EquallyLikelyWays) {
  nlohmann::json json = unigram();
  json["vocab"][3][1] = -2.0;  // "ab" as likely as "a", "b": the longer one comes first
  EXPECT_THAT(encoded(json, "ab"), ElementsAre(PieceToken{3, 0, 2}));
}

TEST(Unigram, UnknownCharactersInARowAreOneToken) {
  EXPECT_THAT(encoded(unigram(), "axyzb"), ElementsAre(PieceToken{1, 0, 1}, PieceToken{0, 1, 4}, PieceToken{2, 4, 5}));
  nlohmann::json json = unigram();
  json["byte_fallback"] = true;
  EXPECT_THAT(encoded(json, "x"), ElementsAre(PieceToken{0, 0, 1}));  // without tokens for bytes
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    json["vocab"].push_back({name, -20.0});
  }
  EXPECT_THAT(encoded(json, "aßx"), ElementsAre(PieceToken{1, 0, 1}, PieceToken{7 + 0xC3, 1, 2},
                                                PieceToken{7 + 0x9F, 1, 2}, PieceToken{7 + 'x', 2, 3}));
}

nlohmann::json bpe() {
  return nlohmann::json::parse(
      R"({"type": "BPE", "vocab": {"<unk>": 0, "a": 1, "b": 2, "c": 3, "ab": 4, "abc": 5, "é": 6},
      "merges": ["a b", ["ab", "c"]]})");
}

TEST(BpeModel, MergesAndKeepsPlaces) {
  EXPECT_THAT(encoded(bpe(), "abcéab"), ElementsAre(PieceToken{5, 0, 3}, PieceToken{6, 3, 4}, PieceToken{4, 4, 6}));
}

TEST(BpeModel, UnknownCharacters) {
  EXPECT_THAT(encoded(bpe(), "axb"), ElementsAre(PieceToken{4, 0, 3}));  // dropped
  nlohmann::json json = bpe();
  json["unk_token"] = "<unk>";
  EXPECT_THAT(encoded(json, "xya"), ElementsAre(PieceToken{0, 0, 1}, PieceToken{0, 1, 2}, PieceToken{1, 2, 3}));
  json["fuse_unk"] = true;
  EXPECT_THAT(encoded(json, "xya"), ElementsAre(PieceToken{0, 0, 2}, PieceToken{1, 2, 3}));
  EXPECT_THAT(encoded(json, "xax"), ElementsAre(PieceToken{0, 0, 1}, PieceToken{1, 1, 2}, PieceToken{0, 2, 3}));
}

TEST(BpeModel, PrefixAndSuffix) {
  const nlohmann::json json = nlohmann::json::parse(R"({"type": "BPE", "continuing_subword_prefix": "##",
      "end_of_word_suffix": "</w>", "vocab": {"a": 0, "##b": 1, "##c</w>": 2, "ab": 3, "a</w>": 4},
      "merges": ["a ##b"]})");
  EXPECT_THAT(encoded(json, "abc"), ElementsAre(PieceToken{3, 0, 2}, PieceToken{2, 2, 3}));
  EXPECT_THAT(encoded(json, "a"), ElementsAre(PieceToken{4, 0, 1}));
  EXPECT_THAT(encoded(json, "b"), IsEmpty());
}

TEST(BpeModel, IgnoreMergesTakesWholePiecesFirst) {
  nlohmann::json json = bpe();
  json["vocab"]["cab"] = 7u;
  EXPECT_THAT(encoded(json, "cab"), ElementsAre(PieceToken{3, 0, 1}, PieceToken{4, 1, 3}));
  json["ignore_merges"] = true;
  EXPECT_THAT(encoded(json, "cab"), ElementsAre(PieceToken{7, 0, 3}));
}

TEST(TokenModel, TypeFollowsFromTheFieldsWhereItIsMissing) {
  nlohmann::json json = bpe();
  json.erase("type");
  EXPECT_THAT(encoded(json, "ab"), ElementsAre(PieceToken{4, 0, 2}));
  json = unigram();
  json.erase("type");
  EXPECT_THAT(encoded(json, "ab"), ElementsAre(PieceToken{3, 0, 2}));
}

TEST(TokenModel, SaysWhatIsWrong) {
  const auto error = [](const nlohmann::json& json) { return testing::load_error(json.dump(), parse_token_model); };
  EXPECT_THAT(error({{"type", "WordLevel"}}), HasSubstr("type: expected one of BPE, Unigram, WordPiece"));
  nlohmann::json json = bpe();
  json["dropout"] = 0.1;
  EXPECT_THAT(error(json), HasSubstr("dropout: expected null"));
  json = bpe();
  json["merges"].push_back("b c");
  EXPECT_THAT(error(json), HasSubstr(R"(merges[2]: expected symbols of the vocabulary, found "bc")"));
  json = bpe();
  json["unk_token"] = "?";
  EXPECT_THAT(error(json), HasSubstr("unk_token: expected a token of the vocabulary"));
  json = unigram();
  json["unk_id"] = 7;
  EXPECT_THAT(error(json), HasSubstr("unk_id: expected a whole number from 0 to 6"));
  json = unigram();
  json["vocab"][2] = "b";
  EXPECT_THAT(error(json), HasSubstr("vocab[2]: expected [token, score]"));
  json = word_piece();
  json["vocab"].erase("[UNK]");
  EXPECT_THAT(error(json), HasSubstr(R"(expected the token "[UNK]" for unknown words)"));
}

}  // namespace
}  // namespace mobileclip::hf
