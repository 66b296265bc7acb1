// What the compatible protocols' handlers make of refusals and of parts, which a real engine seldom gives on demand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/server/handlers/fake_service.h"

namespace mobileclip::server {
namespace {

using ::testing::HasSubstr;

class ProtocolsTest : public ::testing::Test, protected HandlerFixture {};

constexpr const char* kInferText =
    R"({"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["a"]}]})";

TEST_F(ProtocolsTest, AnOverloadIsWordedByEach) {
  service.texts_refusal = Error{ErrorCode::kOverloaded, "the queue is full"};
  const Response openai = post_json("/v1/embeddings", R"({"input": "a"})");
  EXPECT_EQ(openai.body,
            R"({"error":{"message":"the queue is full","type":"rate_limit_error","param":null,"code":"overloaded"}})");
  const Response tei = post_json("/embed", R"({"inputs": "a"})");
  EXPECT_EQ(tei.body, R"({"error":"the queue is full","error_type":"Overloaded"})");
  const Response similarity = post_json("/similarity", R"({"inputs": {"source_sentence": "a", "sentences": ["b"]}})");
  EXPECT_EQ(similarity.body, tei.body);
  const Response weaviate = post_json("/vectorize", R"({"texts": ["a"]})");
  EXPECT_EQ(weaviate.body, R"({"error":"the queue is full"})");
  const Response infer = post_json("/v2/models/text/infer", kInferText);
  EXPECT_EQ(infer.body, weaviate.body);
  for (const Response& response : {openai, tei, similarity, weaviate, infer}) {
    EXPECT_EQ(response.status, 429u) << response.body;
    EXPECT_EQ(response.headers.find("Retry-After"), "1");
  }
}

TEST_F(ProtocolsTest, AFailureOfOursIsWordedByEach) {
  service.texts_refusal = Error{ErrorCode::kInternal, "defect"};
  EXPECT_EQ(json_of(post_json("/v1/embeddings", R"({"input": "a"})"))["error"]["type"], "server_error");
  const Response tei = post_json("/embed", R"({"inputs": "a"})");
  EXPECT_EQ(tei.status, 424u);
  EXPECT_EQ(json_of(tei)["error_type"], "Backend");
  service.texts_refusal = Error{ErrorCode::kUnavailable, "stopping"};
  EXPECT_EQ(json_of(post_json("/embed", R"({"inputs": "a"})"))["error_type"], "Unhealthy");
}

TEST_F(ProtocolsTest, OpenAiSubmitsInPartsAndNamesInputsOfTheWhole) {
  config.max_items_per_request = 2;
  const auto reply = json_of(post_json("/v1/embeddings", R"({"input": ["a", "ab", {"image": "eHh4"}, "abc"]})"));
  std::vector<float> lengths;
  for (const auto& entry : reply["data"]) lengths.push_back(entry["embedding"][0]);
  EXPECT_EQ(lengths, (std::vector<float>{1, 2, 3, 3}));
  EXPECT_EQ(reply["usage"]["total_tokens"], 6);

  const auto refused =
      json_of(post_json("/v1/embeddings", R"({"input": ["a", {"image": "eHh4"}, "b", "longer than ten"]})"));
  EXPECT_THAT(refused["error"]["message"].get<std::string>(), HasSubstr("input[3]"));
}

TEST_F(ProtocolsTest, TeiCutsTheBeginningBeforeItSubmits) {
  const std::string text(100, 'x');
  const Response response =
      post_json("/embed", R"({"inputs": ["ab", ")" + text + R"("], "truncate": true, "truncation_direction": "Left"})");
  EXPECT_EQ(response.status, 200u) << response.body;
  ASSERT_EQ(service.last_token_ids.size(), 2u);
  EXPECT_EQ(service.last_token_ids[0].size(), 4u);
  EXPECT_EQ(service.last_token_ids[1].size(), 77u);
  EXPECT_EQ(service.last_token_ids[1].front(), service.tokenizer().encode("", 77)->ids.front());
  EXPECT_EQ(service.last_token_ids[1].back(), service.tokenizer().encode("", 77)->ids.back());
  EXPECT_EQ(service.last_token_ids[1][75], service.tokenizer().encode("x", 77)->ids[1]) << "the end, not the beginning";
}

TEST_F(ProtocolsTest, ProbesFollowTheEngine) {
  EXPECT_EQ(get("/.well-known/ready").status, 204u);
  EXPECT_EQ(get("/v2/health/ready").status, 200u);
  service.is_healthy = false;
  EXPECT_EQ(get("/.well-known/ready").status, 503u);
  EXPECT_EQ(get("/.well-known/live").status, 204u);
  EXPECT_EQ(get("/v2/models/image/ready").status, 503u);
}

TEST_F(ProtocolsTest, ClassifyNamesTheLabelThatIsAtFault) {
  config.max_items_per_request = 3;
  service.texts_refusal = Error{ErrorCode::kOverloaded, "full"};
  EXPECT_EQ(error_code_of(post_json("/classify", R"({"image": "eHh4", "labels": ["a"]})")), "overloaded");
  service.texts_refusal.reset();
  const auto reply = json_of(
      post_json("/classify",
                R"({"image": "eHh4", "labels": ["a", "b", "much longer"], "templates": ["{}", "x{}"], "top_k": 9})"));
  EXPECT_EQ(reply["results"][0]["predictions"].size(), 3u);
  EXPECT_EQ(reply["truncated"], std::vector<int>{2});
}

}  // namespace
}  // namespace mobileclip::server
