#include "engine/runtime/job_group.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>

namespace mobileclip {
namespace {

TEST(JobGroup, WaitsForItsOwnJobsOnly) {
  Executor executor(2);
  JobGroup busy(executor);
  JobGroup other(executor);
  std::latch release(1);
  std::atomic<int> done{0};
  busy.submit(Lane::kImage, {.run = [&](Parallel&, int) { release.wait(); }, .spreads = false});
  for (int i = 0; i < 20; ++i) other.submit(Lane::kText, {.run = [&](Parallel&, int) { ++done; }, .spreads = true});
  other.wait_idle();  // hangs, if it waits for the job of another group
  EXPECT_EQ(done, 20);
  release.count_down();
  busy.wait_idle();
}

TEST(JobGroup, WhatAJobHeldIsGoneWhenItIsIdle) {
  Executor executor(2);
  std::weak_ptr<int> held;
  for (int round = 0; round < 200; ++round) {
    JobGroup group(executor);
    auto owned = std::make_shared<int>(round);
    held = owned;
    group.submit(Lane::kText, {.run = [owned](Parallel&, int) {}, .spreads = false});
    owned.reset();
    group.wait_idle();
    ASSERT_TRUE(held.expired());
  }
}

}  // namespace
}  // namespace mobileclip
