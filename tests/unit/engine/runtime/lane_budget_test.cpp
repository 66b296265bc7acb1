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

TEST(LaneBudget, SaysWhatCanNeverFit) {
  const LaneBudget budget(10, 100);
  EXPECT_TRUE(budget.fits(10, 100));
  EXPECT_FALSE(budget.fits(11, 0));
  EXPECT_FALSE(budget.fits(1, 101));
}

}  // namespace
}  // namespace mobileclip
