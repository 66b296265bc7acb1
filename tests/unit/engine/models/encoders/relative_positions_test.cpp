#include "engine/models/encoders/relative_positions.h"

#include <gtest/gtest.h>

#include <vector>

namespace mobileclip {
namespace {

TEST(MpnetBucket, IsExactThenLogarithmic) {
  // Where each bucket from 8 on begins, of 32.
  const std::vector<int> begins{8, 12, 16, 23, 32, 46, 64, 91};
  for (int distance = 0; distance < 1000; ++distance) {
    int bucket = distance;
    if (distance >= 8) {
      bucket = 7;
      for (const int begin : begins) bucket += int{distance >= begin};
    }
    ASSERT_EQ(mpnet_bucket(distance, 32), bucket) << distance;
    if (distance > 0) {
      ASSERT_EQ(mpnet_bucket(-distance, 32), bucket + 16) << -distance;
    }
  }
}

TEST(DebertaBucket, IsExactUpToTheMiddleAndKeepsItsSign) {
  // deberta_bucket of tests/reference/encoders.py for 16 buckets and distances up to 64.
  const std::vector<std::pair<int, int>> expected{{0, 0},   {5, 5},   {8, 8},   {9, 9},
                                                  {11, 10}, {30, 13}, {63, 15}, {64, 16}};
  for (const auto& [distance, bucket] : expected) {
    EXPECT_EQ(deberta_bucket(distance, 16, 64), bucket) << distance;
    EXPECT_EQ(deberta_bucket(-distance, 16, 64), -bucket) << -distance;
  }
}

}  // namespace
}  // namespace mobileclip
