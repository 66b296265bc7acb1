#include "proto_json/immich.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mobileclip::proto {
namespace {

using ::testing::HasSubstr;

std::string refusal(std::string_view entries) {
  const auto task = parse_immich_entries(entries);
  return task ? "none" : task.error().message;
}

TEST(Immich, KnowsItsTasks) {
  const auto visual = parse_immich_entries(R"({"clip": {"visual": {"modelName": "a", "options": {"x": 1}}}})");
  ASSERT_TRUE(visual);
  EXPECT_EQ(visual->task, ImmichTask::kVisual);
  EXPECT_EQ(visual->model, "a");
  const auto textual = parse_immich_entries(R"({"clip": {"textual": {"modelName": "b"}}})");
  ASSERT_TRUE(textual);
  EXPECT_EQ(textual->task, ImmichTask::kTextual);
  EXPECT_EQ(textual->model, "b");
  EXPECT_THAT(refusal(R"({"facial-recognition": {}})"), HasSubstr("facial-recognition"));
  EXPECT_THAT(refusal(R"({"clip": {"audio": {}}})"), HasSubstr("audio"));
  EXPECT_THAT(refusal(R"({"clip": {"visual": {"modelName": "a"}, "textual": {"modelName": "a"}}})"),
              HasSubstr("not both"));
  EXPECT_THAT(refusal(R"({"clip": {"visual": {"modelName": 1}}})"), HasSubstr("modelName"));
  EXPECT_THAT(refusal("{}"), HasSubstr("visual"));
  EXPECT_THAT(refusal(""), HasSubstr("JSON"));
}

TEST(Immich, TheVectorIsAString) {
  const std::vector<float> vector{1, -0.5F};
  EXPECT_EQ(immich_reply(vector, {}), R"({"clip":"[1,-0.5]"})");
  EXPECT_EQ(immich_reply(vector, ImmichImageSize{.width = 3, .height = 2}),
            R"({"clip":"[1,-0.5]","imageHeight":2,"imageWidth":3})");
}

}  // namespace
}  // namespace mobileclip::proto
