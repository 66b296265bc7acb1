#include "server/config/nearest.h"

#include <gtest/gtest.h>

#include <vector>

namespace mobileclip::server {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("port", "port"), 0);
  EXPECT_EQ(edit_distance("prot", "port"), 1);  // a swap
  EXPECT_EQ(edit_distance("ports", "port"), 1);
  EXPECT_EQ(edit_distance("pxrt", "port"), 1);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("ca", "abc"), 3);  // 2 in the unrestricted distance, which may edit a swapped pair again
}

TEST(Nearest, SuggestsOnlyWhatIsNear) {
  const std::vector<std::string> names{"host", "port", "max_batch", "max_queue_items", "max_queue_bytes"};
  EXPECT_EQ(nearest("prot", names), "port");
  EXPECT_EQ(nearest("maxbatch", names), "max_batch");
  EXPECT_EQ(nearest("max_queue_item", names), "max_queue_items");
  EXPECT_EQ(nearest("bandwidth", names), std::nullopt);
  EXPECT_EQ(nearest("", names), std::nullopt);
  EXPECT_EQ(nearest(std::string(1'000'000, 'x'), names), std::nullopt);
  EXPECT_EQ(nearest("x", std::vector<std::string>{"y"}), std::nullopt) << "nothing in common";
  EXPECT_EQ(nearest("x", {}), std::nullopt);
}

TEST(Suggestion, IsPartOfAMessage) {
  const std::vector<std::string> names{"port"};
  EXPECT_EQ(suggestion("prot", names), "; did you mean 'port'?");
  EXPECT_EQ(suggestion("bandwidth", names), "");
}

}  // namespace
}  // namespace mobileclip::server
