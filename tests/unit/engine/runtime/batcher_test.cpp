#include "engine/runtime/batcher.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

namespace mobileclip {
namespace {

/// Where a batcher's calls for a thread arrive. The tests take the batches themselves.
class Calls {
 public:
  void call() {
    const std::lock_guard lock(mutex_);
    ++calls_;
    changed_.notify_all();
  }
  void wait_for(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_ >= count; });
  }
  int count() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int calls_ = 0;
};

using Batch = std::vector<int>;

bool keep(int& /*item*/) { return false; }
const void* one_flow(const int& /*item*/) { return nullptr; }

void submit(Batcher<int>& batcher, int item) { ASSERT_TRUE(batcher.submit(item)); }

TEST(Batcher, CallsForALoneItemAndGathersUntilAThreadComes) {
  Calls calls;
  Batcher<int> batcher(
      {.max_batch = 4}, [&] { calls.call(); }, keep, one_flow);
  submit(batcher, 0);
  calls.wait_for(1);  // a lone item does not wait for company
  for (int i = 1; i <= 5; ++i) submit(batcher, i);
  EXPECT_EQ(calls.count(), 1) << "one thread is on its way";
  EXPECT_EQ(batcher.take(), (Batch{0, 1, 2, 3}));
  calls.wait_for(2);  // for the rest, whatever becomes of the first batch
  EXPECT_EQ(batcher.take(), (Batch{4, 5}));
  EXPECT_EQ(batcher.take(), Batch{}) << "a thread too many finds nothing";
  submit(batcher, 6);
  calls.wait_for(3);
  EXPECT_EQ(batcher.take(), Batch{6});
}

TEST(Batcher, FlowsTakeTurns) {
  const int flows[10] = {};
  Batcher<int> batcher(
      {.max_batch = 4}, [] {}, keep, [&](const int& item) { return &flows[item / 100]; });
  for (const int item : {100, 101, 102, 103, 104, 200, 300}) submit(batcher, item);
  EXPECT_EQ(batcher.take(), (Batch{100, 200, 300, 101}));
  EXPECT_EQ(batcher.take(), (Batch{102, 103, 104}));
}

TEST(Batcher, WaitsForAFullBatchWhereAsked) {
  Calls calls;
  Batcher<int> batcher(
      {.max_batch = 3, .max_wait = std::chrono::hours(1)}, [&] { calls.call(); }, keep, one_flow);
  submit(batcher, 0);
  submit(batcher, 1);
  EXPECT_EQ(calls.count(), 0);
  submit(batcher, 2);  // the third fills the batch: nobody waits the hour
  calls.wait_for(1);
  EXPECT_EQ(batcher.take(), (Batch{0, 1, 2}));
}

TEST(Batcher, StopsWaitingWhenTheOldestHasWaitedLongEnough) {
  Calls calls;
  Batcher<int> batcher(
      {.max_batch = 3, .max_wait = std::chrono::milliseconds(1)}, [&] { calls.call(); }, keep, one_flow);
  submit(batcher, 7);
  calls.wait_for(1);
  EXPECT_EQ(batcher.take(), Batch{7});
}

TEST(Batcher, DiscardedItemsNeverReachABatch) {
  int discarded = 0;
  Batcher<int> batcher(
      {.max_batch = 8}, [] {}, [&](int& item) { return item < 0 && ++discarded > 0; }, one_flow);
  for (const int item : {1, -1, 2, -2, 3}) submit(batcher, item);
  EXPECT_EQ(batcher.take(), (Batch{1, 2, 3}));
  EXPECT_EQ(discarded, 2);
}

TEST(Batcher, CloseReturnsWhatWaitsAndRefusesTheRest) {
  Calls calls;
  Batcher<int> batcher(
      {.max_batch = 1}, [&] { calls.call(); }, keep, one_flow);
  for (const int item : {1, 2, 3}) submit(batcher, item);
  calls.wait_for(1);
  EXPECT_EQ(batcher.take(), Batch{1});
  EXPECT_EQ(batcher.close(), (Batch{2, 3}));
  int late = 4;
  EXPECT_FALSE(batcher.submit(late));
  EXPECT_EQ(late, 4);
  EXPECT_EQ(batcher.take(), Batch{}) << "a thread that was called before";
}

}  // namespace
}  // namespace mobileclip
