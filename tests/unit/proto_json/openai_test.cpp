#include "proto_json/openai.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

namespace mobileclip::proto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = OpenAiEmbeddingsRequest::Kind;

OpenAiEmbeddingsRequest parsed(std::string_view body) {
  auto request = parse_openai_embeddings(body);
  if (!request) throw std::runtime_error(request.error().message);
  return *std::move(request);
}

std::string refusal(std::string_view body) {
  const auto request = parse_openai_embeddings(body);
  return request ? "none" : request.error().message;
}

TEST(OpenAi, SortsInputsAndKeepsTheirOrder) {
  const auto request = parsed(R"({"input": ["a", {"image": "YQ=="}, {"text": "b"}], "model": "any", "user": "me"})");
  EXPECT_THAT(request.texts, ElementsAre("a", "b"));
  ASSERT_EQ(request.images.size(), 1u);
  EXPECT_EQ(request.images[0]->bytes.size(), 1u);
  EXPECT_THAT(request.order, ElementsAre(Kind::kText, Kind::kImage, Kind::kText));
  EXPECT_FALSE(request.base64);
  EXPECT_FALSE(request.options.truncate) << "what is too long is refused unless asked otherwise";
}

TEST(OpenAi, NumbersAreTokenIds) {
  EXPECT_THAT(parsed(R"({"input": [1, 2]})").token_ids, ElementsAre(TokenIds{1, 2}));
  const auto lists = parsed(R"({"input": [[1, 2], [3]]})");
  EXPECT_THAT(lists.token_ids, ElementsAre(TokenIds{1, 2}, TokenIds{3}));
  EXPECT_THAT(lists.order, ElementsAre(Kind::kText, Kind::kText));
  EXPECT_THAT(refusal(R"({"input": [[1], "a"]})"), HasSubstr("input[1]"));
  EXPECT_THAT(refusal(R"({"input": [[1], [2, 1.5]]})"), HasSubstr("input[1][1]"));
  EXPECT_THAT(refusal(R"({"input": [99999999999]})"), HasSubstr("input[0]"));
}

TEST(OpenAi, ModalityMakesStringsImagesWhereverItStands) {
  EXPECT_EQ(parsed(R"({"input": ["YQ==", "YWI="], "modality": "image"})").images.size(), 2u);
  EXPECT_EQ(parsed(R"({"modality": "image", "input": "YQ=="})").images.size(), 1u);
  EXPECT_EQ(parsed(R"({"modality": "text", "input": "YQ=="})").texts.size(), 1u);
}

TEST(OpenAi, ABadImageIsAnErrorInItsOwnPlace) {
  const auto request = parsed(R"({"input": [{"image": "***"}, {"image": "https://example.com/a.png"}]})");
  EXPECT_THAT(request.images[0].error().message, HasSubstr("base64"));
  EXPECT_THAT(request.images[1].error().message, HasSubstr("URL"));
}

TEST(OpenAi, TakesAtMost2048Inputs) {
  nlohmann::json body = {{"input", std::vector<std::string>(2048, "a")}};
  EXPECT_EQ(parsed(body.dump()).texts.size(), 2048u);
  body["input"].push_back("a");
  EXPECT_THAT(refusal(body.dump()), HasSubstr("2049"));
}

TEST(OpenAi, NullIsNotGiven) {
  const auto request = parsed(R"({"input": "a", "dimensions": null, "encoding_format": null, "user": null})");
  EXPECT_EQ(request.options.dimensions, 0);
  EXPECT_THAT(refusal(R"({"input": null})"), HasSubstr("input"));
}

TEST(OpenAi, RepliesInFloatsOrBase64) {
  OpenAiEmbeddingsReply reply{
      .model = "m", .embeddings = {{1.0F, -0.5F}}, .base64 = false, .tokens = 7, .truncated = {}};
  EXPECT_EQ(openai_embeddings_reply(reply),
            R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,-0.5]}],"model":"m",)"
            R"("usage":{"prompt_tokens":7,"total_tokens":7}})");
  reply.base64 = true;
  reply.truncated = {0};
  const auto json = nlohmann::json::parse(openai_embeddings_reply(reply));
  EXPECT_EQ(json["data"][0]["embedding"], "AACAPwAAAL8=");  // 0x3F800000 0xBF000000, little-endian
  EXPECT_EQ(json["truncated"], std::vector<int>{0});
}

TEST(OpenAi, ErrorsAndModels) {
  EXPECT_EQ(openai_error({.message = "m", .type = "t", .param = {}, .code = "c"}),
            R"({"error":{"message":"m","type":"t","param":null,"code":"c"}})");
  EXPECT_EQ(openai_model_list(std::vector<OpenAiModel>{{.id = "a", .created = 5}, {.id = "b", .created = 5}}),
            R"({"object":"list","data":[{"id":"a","object":"model","created":5,"owned_by":"mobileclip-server"},)"
            R"({"id":"b","object":"model","created":5,"owned_by":"mobileclip-server"}]})");
}

}  // namespace
}  // namespace mobileclip::proto
