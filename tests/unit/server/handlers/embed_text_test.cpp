#include "server/handlers/embed_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/server/handlers/fake_service.h"

namespace mobileclip::server {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class EmbedTextTest : public ::testing::Test, protected HandlerFixture {};

TEST_F(EmbedTextTest, RepliesInOrder) {
  const Response response = post_json("/embed/text", R"({"texts": ["a", "", "abc"]})");
  EXPECT_EQ(response.status, 200u);
  EXPECT_EQ(
      response.body,
      R"({"model":"fake-model","dimensions":4,"embeddings":[[1,1,0,0],[0,1,0,0],[3,1,0,0]],"tokens":6,"truncated":[]})");
}

TEST_F(EmbedTextTest, HandsOnWhatIsAsked) {
  post_json("/embed/text", R"({"text": "a"})");
  EXPECT_TRUE(service.last_request->normalize);
  EXPECT_TRUE(service.last_request->truncate);
  EXPECT_EQ(service.last_request->dimensions, 0);
  EXPECT_FALSE(*service.last_request->abandoned);
  const Response response =
      post_json("/embed/text?dimensions=2&normalize=false", R"({"text": "a", "truncate": false})");
  EXPECT_EQ(json_of(response)["dimensions"], 2);
  EXPECT_FALSE(service.last_request->normalize);
  EXPECT_FALSE(service.last_request->truncate);
}

TEST_F(EmbedTextTest, ListsWhatWasCut) {
  EXPECT_EQ(json_of(post_json("/embed/text",
                              R"({"texts": ["short", "longer than ten", "b", "longer than ten"]})"))["truncated"],
            (std::vector<int>{1, 3}));
}

TEST_F(EmbedTextTest, RefusesToCutWhereAsked) {
  const Response response =
      post_json("/embed/text", R"({"texts": ["short", "longer than ten", "b", "longer than ten"], "truncate": false})");
  EXPECT_EQ(response.status, 422u);
  EXPECT_EQ(error_code_of(response), "text_too_long");
  EXPECT_EQ(json_of(response)["error"]["index"], 1);
  EXPECT_EQ(json_of(response)["error"]["errors"].size(), 2u);
  EXPECT_FALSE(json_of(response)["error"].contains("input"));
}

TEST_F(EmbedTextTest, SaysWhatIsWrong) {
  EXPECT_EQ(post("/embed/text", "", "{}").status, 415u);
  EXPECT_EQ(post("/embed/text", "text/plain", "a").status, 415u);
  EXPECT_EQ(post("/embed/text", "application/json; charset=latin1", "{}").status, 415u);
  EXPECT_EQ(post("/embed/text", "application/json; charset=UTF-8", R"({"text": "a"})").status, 200u);
  for (const char* body : {"", "{", "{}", R"({"texts": []})", R"({"text": 1})", R"({"texts": ["a"], "x": 1})"}) {
    EXPECT_EQ(post_json("/embed/text", body).status, 400u) << body;
  }
  EXPECT_THAT(message_of(post_json("/embed/text?colour=red", R"({"text": "a"})")), HasSubstr("colour"));
}

TEST_F(EmbedTextTest, LimitsTheNumberOfItems) {
  config.max_items_per_request = 2;
  EXPECT_EQ(post_json("/embed/text", R"({"texts": ["a", "b"]})").status, 200u);
  const Response response = post_json("/embed/text", R"({"texts": ["a", "b", "c"]})");
  EXPECT_EQ(response.status, 400u);
  EXPECT_THAT(message_of(response), HasSubstr("at most 2 texts"));
}

TEST_F(EmbedTextTest, PassesRefusalsOn) {
  service.texts_refusal = Error{ErrorCode::kOverloaded, "full"};
  const Response overloaded = post_json("/embed/text", R"({"text": "a"})");
  EXPECT_EQ(overloaded.status, 429u);
  EXPECT_TRUE(overloaded.headers.find("Retry-After"));
  service.texts_refusal = Error{ErrorCode::kUnavailable, "failed"};
  EXPECT_EQ(post_json("/embed/text", R"({"text": "a"})").status, 503u);
}

TEST_F(EmbedTextTest, DoesNotParseWhatAFullLaneWouldRefuse) {
  const std::string large(100'000, '{');
  EXPECT_EQ(post_json("/embed/text", large).status, 400u);
  config.engine.max_queue_items = service.queue_depth(Lane::kText);
  const Response refused = post_json("/embed/text", large);
  EXPECT_EQ(refused.status, 429u);
  EXPECT_TRUE(refused.headers.find("Retry-After"));
  EXPECT_EQ(post_json("/embed/text", "{").status, 400u) << "what is small is looked at first";
}

TEST_F(EmbedTextTest, AnswersAtTheDeadlineWhateverTheEngineDoes) {
  service.never_answers = true;
  deadline = Deadline::after(20ms);
  EXPECT_EQ(post_json("/embed/text", R"({"text": "a"})").status, 504u);
}

TEST_F(EmbedTextTest, NeverSendsNan) {
  service.first_value_added = std::nanf("");
  EXPECT_EQ(post_json("/embed/text", R"({"text": "a"})").status, 500u);
}

TEST_F(EmbedTextTest, ParsesAndSerialisesLargeRequestsElsewhere) {
  config.max_items_per_request = 5000;
  nlohmann::json body;
  for (int i = 0; i < 5000; ++i) body["texts"].push_back(std::string(static_cast<std::size_t>(i % 50), 'x'));
  const Response response = post_json("/embed/text", body.dump());
  ASSERT_EQ(response.status, 200u);
  EXPECT_EQ(json_of(response)["embeddings"].size(), 5000u);
  EXPECT_EQ(json_of(response)["embeddings"][4999][0], 49);
}

}  // namespace
}  // namespace mobileclip::server
