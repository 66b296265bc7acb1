#include "proto_json/tei.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mobileclip::proto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Tei, EmbedTakesStringsOrIds) {
  EXPECT_THAT(parse_tei_embed(R"({"inputs": "a"})")->texts, ElementsAre("a"));
  EXPECT_THAT(parse_tei_embed(R"({"inputs": ["a", "b"]})")->texts, ElementsAre("a", "b"));
  EXPECT_THAT(parse_tei_embed(R"({"inputs": [1, 2]})")->token_ids, ElementsAre(TokenIds{1, 2}));
  EXPECT_THAT(parse_tei_embed(R"({"inputs": [[1], [2]]})")->token_ids, ElementsAre(TokenIds{1}, TokenIds{2}));
  EXPECT_TRUE(parse_tei_embed(R"({"inputs": []})")->texts.empty());
}

TEST(Tei, EmbedOptions) {
  const auto plain = parse_tei_embed(R"({"inputs": "a", "truncate": null, "prompt_name": null})");
  EXPECT_TRUE(plain->options.normalize);
  EXPECT_FALSE(plain->options.truncate);
  EXPECT_EQ(plain->cut_side, CutSide::kRight);
  const auto set = parse_tei_embed(
      R"({"inputs": "a", "truncate": true, "truncation_direction": "Left", "normalize": false, "dimensions": 4})");
  EXPECT_FALSE(set->options.normalize);
  EXPECT_TRUE(set->options.truncate);
  EXPECT_EQ(set->options.dimensions, 4);
  EXPECT_EQ(set->cut_side, CutSide::kLeft);
  EXPECT_EQ(parse_tei_embed(R"({"inputs": "a", "prompt_name": "q"})")->options.prompt_name, "q");
  EXPECT_THAT(parse_tei_embed(R"({"inputs": "a", "prompt_name": 7})").error().message, HasSubstr("expected a string"));
  EXPECT_THAT(parse_tei_embed(R"({"inputs": "a", "truncation_direction": 1})").error().message, HasSubstr("Left"));
}

TEST(Tei, SimilarityIsKnownByItsShape) {
  EXPECT_TRUE(is_tei_similarity(R"({"parameters": {}, "inputs": {"source_sentence": "a", "sentences": []}})"));
  EXPECT_TRUE(is_tei_similarity(R"({"inputs": 5})")) << "a malformed one gets TEI's error";
  EXPECT_FALSE(is_tei_similarity(R"({"texts": ["a"]})"));
  EXPECT_FALSE(is_tei_similarity(R"({"texts": ["\"inputs\""]})"));
  EXPECT_FALSE(is_tei_similarity(R"({"texts": [{"inputs": 1}]})"));
  EXPECT_FALSE(is_tei_similarity(R"({"inputs")"));
}

TEST(Tei, SimilarityPutsTheSourceFirst) {
  const auto request = parse_tei_similarity(
      R"({"inputs": {"sentences": ["b", "c"], "source_sentence": "a"}, "parameters": {"truncate": true}})");
  EXPECT_THAT(request->texts, ElementsAre("a", "b", "c"));
  EXPECT_TRUE(request->options.truncate);
  EXPECT_TRUE(parse_tei_similarity(R"({"inputs": {"source_sentence": "a", "sentences": []}})")->texts.empty());
  EXPECT_THAT(parse_tei_similarity(R"({"inputs": {"sentences": ["a"]}})").error().message,
              HasSubstr("source_sentence"));
  EXPECT_THAT(parse_tei_similarity(R"({"inputs": {"target": "a"}})").error().message, HasSubstr("target"));
}

TEST(Tei, Replies) {
  EXPECT_EQ(tei_embed_reply(std::vector<std::vector<float>>{{1, 2}, {3, 4}}), "[[1,2],[3,4]]");
  EXPECT_EQ(tei_similarity_reply(std::vector<float>{0.5F, 1}), "[0.5,1]");
  EXPECT_EQ(tei_error("no", "Validation"), R"({"error":"no","error_type":"Validation"})");
}

TokenSpan framing(std::int32_t id) {
  return {.id = id, .special = true, .frame = true, .text = "<frame>", .range = {}};
}

TokenSpan found(std::int32_t id, bool special) {
  return {.id = id, .special = special, .frame = false, .text = "a", .range = TokenSpan::Range{.begin = 0, .end = 1}};
}

// However many tokens a template puts around a text; a special token that the text itself has is the text's.
TEST(Tei, TokensWithAndWithoutTheFrame) {
  constexpr bool kSpecial = true;
  const std::vector<std::vector<TokenSpan>> tokens{
      {framing(1), framing(2), found(5, !kSpecial), found(6, kSpecial), framing(3)}, {found(5, !kSpecial)}, {}};
  EXPECT_EQ(tei_tokenize_reply(tokens, /*add_special_tokens=*/false),
            R"([[{"id":5,"text":"a","special":false,"start":0,"stop":1},)"
            R"({"id":6,"text":"a","special":false,"start":0,"stop":1}],)"
            R"([{"id":5,"text":"a","special":false,"start":0,"stop":1}],[]])");
  const auto all = nlohmann::json::parse(tei_tokenize_reply(tokens, /*add_special_tokens=*/true));
  EXPECT_EQ(all[0].size(), 5u);
  EXPECT_TRUE(all[0][0]["special"].get<bool>());
  EXPECT_TRUE(all[0][0]["start"].is_null());
  EXPECT_TRUE(all[0][4]["special"].get<bool>());
}

}  // namespace
}  // namespace mobileclip::proto
