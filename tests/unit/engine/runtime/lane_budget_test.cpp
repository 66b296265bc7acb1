#include "engine/runtime/lane_budget.h"

#include <gtest/gtest.h>

namespace mobileclip {
namespace {

TEST(LaneBudget, AdmitsWholeRequestsOrNothing) {
  LaneBudget budget(10, 100);
  EXPECT_TRUE(budget.try_admit(6, 40));
  EXPECT_FALSE(budget.try_admit(5, 1)) << "eleven items";
  EXPECT_FALSE(budget.try_admit(1, 61)) << "101 bytes";
  EXPECT_EQ(budget.items(), 6U) << "a refused request must leave nothing behind";
  EXPECT_TRUE(budget.try_admit(4, 60));
  budget.release(6, 40);
  EXPECT_TRUE(budget.try_admit(6, 40));
}

TEST(LaneBudget, LeavesTheLastRoomToSmallRequests) {
  LaneBudget budget(320, 1000);
  EXPECT_TRUE(budget.try_admit(320, 0)) << "an empty lane takes what fits";
  budget.release(320, 0);
  EXPECT_TRUE(budget.try_admit(200, 0));
  EXPECT_FALSE(budget.try_admit(101, 0)) << "20 items are for smaller requests";
  EXPECT_TRUE(budget.try_admit(100, 0));
  EXPECT_FALSE(budget.try_admit(11, 0)) << "10 would have to be left";
  EXPECT_TRUE(budget.try_admit(10, 0));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(budget.try_admit(1, 0)) << i;
  EXPECT_FALSE(budget.try_admit(1, 0));
}

TEST(LaneBudget, SaysWhatCanNeverFit) {
  const LaneBudget budget(10, 100);
  EXPECT_TRUE(budget.fits(10, 100));
  EXPECT_FALSE(budget.fits(11, 0));
  EXPECT_FALSE(budget.fits(1, 101));
}

}  // namespace
}  // namespace mobileclip
