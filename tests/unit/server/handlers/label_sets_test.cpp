#include "server/handlers/label_sets.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

LabelSet set_of(std::size_t labels) {
  return {.model = "fake",
          .labels = std::vector<std::string>(labels, "label"),
          .templates = {"{}"},
          .embeddings = std::vector<std::vector<float>>(labels, std::vector<float>(4, 0.5F)),
          .truncated = {}};
}

TEST(LabelSets, KeepsUntilErased) {
  LabelSets sets(100'000);
  EXPECT_EQ(sets.find("a"), nullptr);
  ASSERT_TRUE(sets.put("a", set_of(2)));
  const auto used = sets.find("a");
  ASSERT_TRUE(sets.put("a", set_of(3)));
  EXPECT_EQ(used->labels.size(), 2u) << "who uses a set keeps it";
  EXPECT_EQ(sets.find("a")->labels.size(), 3u);
  EXPECT_TRUE(sets.erase("a"));
  EXPECT_FALSE(sets.erase("a"));
  EXPECT_EQ(sets.find("a"), nullptr);
}

TEST(LabelSets, RefusesWhatPassesTheBoundAndKeepsTheRest) {
  const std::size_t one = set_of(5).bytes();
  LabelSets sets(2 * one);
  EXPECT_TRUE(sets.put("a", set_of(5)));
  EXPECT_TRUE(sets.put("b", set_of(5)));
  EXPECT_FALSE(sets.put("c", set_of(1)));
  EXPECT_FALSE(sets.put("b", set_of(6)));
  EXPECT_EQ(sets.find("b")->labels.size(), 5u);
  EXPECT_TRUE(sets.put("b", set_of(5))) << "a set makes room for its successor";
  sets.erase("a");
  EXPECT_TRUE(sets.put("c", set_of(1)));
  EXPECT_FALSE(sets.put("d", set_of(1'000'000)));
  EXPECT_EQ(sets.list().size(), 2u);
  EXPECT_EQ(sets.list().front().first, "b");
}

}  // namespace
}  // namespace mobileclip::server
