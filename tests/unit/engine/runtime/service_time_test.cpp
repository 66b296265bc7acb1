#include "engine/runtime/service_time.h"

#include <gtest/gtest.h>

namespace mobileclip {
namespace {

using namespace std::chrono_literals;

TEST(ServiceTime, IsNothingUntilEnoughIsMeasured) {
  ServiceTime time(1);
  const auto start = ServiceTime::Clock::now();
  time.began(start);
  time.finished(31, start + 31s);
  EXPECT_EQ(time.per_item().count(), 0);
  time.finished(9, start + 40s);
  EXPECT_NEAR(time.per_item().count(), 1.0, 1e-9);
}

TEST(ServiceTime, LeavesOutWhatTheLaneWasEmpty) {
  ServiceTime time(1);
  const auto start = ServiceTime::Clock::now();
  time.began(start);
  time.finished(40, start + 4s);
  time.began(start + 1h);
  time.finished(40, start + 1h + 4s);
  EXPECT_NEAR(time.per_item().count(), 0.1, 1e-9);
}

TEST(ServiceTime, APauseIsNoSlowdown) {
  ServiceTime time(1);
  auto now = ServiceTime::Clock::now();
  time.began(now);
  for (int i = 0; i < 10; ++i) time.finished(32, now += 320ms);
  time.finished(32, now += 1h);
  EXPECT_LT(time.per_item().count(), 0.03);
  for (int i = 0; i < 100; ++i) time.finished(32, now += 32s);
  EXPECT_NEAR(time.per_item().count(), 1.0, 0.1) << "one that lasts is believed";
}

TEST(ServiceTime, ThreadsInStepAreNoPause) {
  constexpr int kThreads = 16;
  ServiceTime time(kThreads);
  auto now = ServiceTime::Clock::now();
  time.began(now);
  for (int round = 0; round < 20; ++round) {
    now += 160ms;
    for (int i = 0; i < kThreads; ++i) time.finished(1, now);
  }
  EXPECT_NEAR(time.per_item().count(), 0.01, 1e-3);
}

TEST(ServiceTime, ForgetsWhatIsLongAgo) {
  ServiceTime time(1);
  auto now = ServiceTime::Clock::now();
  time.began(now);
  time.finished(1000, now += 1000s);
  for (int i = 0; i < 100; ++i) time.finished(32, now += 320ms);
  EXPECT_NEAR(time.per_item().count(), 0.01, 1e-3);
}

}  // namespace
}  // namespace mobileclip
