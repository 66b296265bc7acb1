#include "engine/preprocess/decode_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace mobileclip {
namespace {

TEST(DecodeBudget, IsNeverExceededByImagesThatFit) {
  DecodeBudget budget(100);
  std::atomic<int> held{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&budget, &held, &most, t] {
      for (int i = 0; i < 200; ++i) {
        const int bytes = 10 + (i * 7 + t * 13) % 60;
        const DecodeBudget::Lease lease(budget, static_cast<std::uint64_t>(bytes));
        const int now = held += bytes;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        held -= bytes;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 100);
  EXPECT_GE(most, 10);
}

TEST(DecodeBudget, AnImageLargerThanAllHasItToItself) {
  DecodeBudget budget(100);
  std::optional<DecodeBudget::Lease> small(std::in_place, budget, 1u);
  std::atomic<bool> large_began{false};
  std::thread large([&] {
    const DecodeBudget::Lease lease(budget, 1000);
    large_began = true;
  });
  EXPECT_FALSE(large_began);
  small.reset();
  large.join();
  EXPECT_TRUE(large_began);
  const DecodeBudget::Lease next(budget, 100);
}

}  // namespace
}  // namespace mobileclip
