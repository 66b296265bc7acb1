#include "server/http/body_budget.h"

#include <gtest/gtest.h>

#include <optional>

namespace mobileclip::server {
namespace {

TEST(BodyBudget, IsSharedAndComesBack) {
  BodyBudget budget(100);
  std::optional<BodyBudget::Lease> first(std::in_place, budget);
  BodyBudget::Lease second(budget);
  EXPECT_TRUE(first->grow_to(60));
  EXPECT_TRUE(first->grow_to(10)) << "a lease never shrinks";
  EXPECT_EQ(budget.free(), 40u);
  EXPECT_FALSE(second.grow_to(41));
  EXPECT_EQ(budget.free(), 40u) << "what is refused takes nothing";
  EXPECT_TRUE(second.grow_to(40));
  EXPECT_FALSE(first->grow_to(61));
  first.reset();
  EXPECT_EQ(budget.free(), 60u);
  EXPECT_TRUE(second.grow_to(100));
}

TEST(BodyBudget, ALeaseMovesWithItsShare) {
  BodyBudget budget(10);
  {
    BodyBudget::Lease lease(budget);
    ASSERT_TRUE(lease.grow_to(10));
    const BodyBudget::Lease moved(std::move(lease));
    EXPECT_EQ(budget.free(), 0u);
  }
  EXPECT_EQ(budget.free(), 10u);
}

}  // namespace
}  // namespace mobileclip::server
