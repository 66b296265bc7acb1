#include "server/http/body_budget.h"

#include <gtest/gtest.h>

#include <latch>
#include <optional>
#include <thread>

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

// The one that gets the bytes gives them back before the next round, so that in every round there is room for one.
TEST(BodyBudget, OfTwoThatReachForTheLastBytesOneGetsThem) {
  constexpr int kRounds = 100;
  BodyBudget budget(100);
  for (int round = 0; round < kRounds; ++round) {
    BodyBudget::Lease here(budget);
    BodyBudget::Lease there(budget);
    std::latch begun(2);
    bool there_got_them = false;
    std::jthread other([&] {
      begun.arrive_and_wait();
      there_got_them = there.grow_to(60);
    });
    begun.arrive_and_wait();
    const bool here_got_them = here.grow_to(60);
    other.join();
    ASSERT_NE(here_got_them, there_got_them) << "in round " << round;
  }
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
