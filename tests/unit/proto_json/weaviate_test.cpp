#include "proto_json/weaviate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mobileclip::proto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Weaviate, ListsMayBeNullOrMissing) {
  const auto request = parse_weaviate(R"({"texts": ["a", "b"], "images": null})");
  EXPECT_THAT(request->texts, ElementsAre("a", "b"));
  EXPECT_TRUE(request->images.empty());
  EXPECT_TRUE(parse_weaviate("{}")->texts.empty());
  EXPECT_FALSE(parse_weaviate(R"({"images": ["***"]})")->images[0].ok());
  EXPECT_THAT(parse_weaviate(R"({"text": "a"})").error().message, HasSubstr("\"text\""));
}

TEST(Weaviate, Replies) {
  EXPECT_EQ(weaviate_reply({.texts = {{1, 2}}, .images = {}}), R"({"textVectors":[[1,2]],"imageVectors":[]})");
  EXPECT_EQ(weaviate_error("no"), R"({"error":"no"})");
}

}  // namespace
}  // namespace mobileclip::proto
