#include "engine/runtime/batcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace mobileclip {
namespace {

/// Collects batches; can hold the batcher inside its first batch until let go.
class Recorder {
 public:
  void run(std::vector<int> batch) {
    std::unique_lock lock(mutex_);
    batches_.push_back(std::move(batch));
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
  }
  void hold() { set_held(true); }
  void let_go() { set_held(false); }
  void wait_for_batches(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return batches_.size() >= count; });
  }
  std::vector<std::vector<int>> batches() {
    const std::lock_guard lock(mutex_);
    return batches_;
  }

 private:
  void set_held(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::vector<int>> batches_;
  bool held_ = false;
};

bool keep(int& /*item*/) { return false; }
const void* one_flow(const int& /*item*/) { return nullptr; }

void submit(Batcher<int>& batcher, int item) { ASSERT_TRUE(batcher.submit(item)); }

TEST(Batcher, StartsAtOnceWhenIdleAndGathersWhileBusy) {
  Recorder recorder;
  recorder.hold();
  Batcher<int> batcher(
      {.max_batch = 4}, [&](std::vector<int> b) { recorder.run(std::move(b)); }, keep, one_flow);
  submit(batcher, 0);
  recorder.wait_for_batches(1);  // a lone item does not wait for company
  for (int i = 1; i <= 6; ++i) submit(batcher, i);
  recorder.let_go();
  recorder.wait_for_batches(3);
  EXPECT_EQ(recorder.batches(), (std::vector<std::vector<int>>{{0}, {1, 2, 3, 4}, {5, 6}}));
}

TEST(Batcher, FlowsTakeTurns) {
  Recorder recorder;
  recorder.hold();
  const int flows[10] = {};
  Batcher<int> batcher(
      {.max_batch = 4}, [&](std::vector<int> b) { recorder.run(std::move(b)); }, keep,
      [&](const int& item) { return &flows[item / 100]; });
  submit(batcher, 0);
  recorder.wait_for_batches(1);
  for (const int item : {100, 101, 102, 103, 104, 200, 300}) submit(batcher, item);
  recorder.let_go();
  recorder.wait_for_batches(3);
  EXPECT_EQ(recorder.batches(), (std::vector<std::vector<int>>{{0}, {100, 200, 300, 101}, {102, 103, 104}}));
}

TEST(Batcher, WaitsForAFullBatchWhereAsked) {
  Recorder recorder;
  Batcher<int> batcher(
      {.max_batch = 3, .max_wait = std::chrono::hours(1)}, [&](std::vector<int> b) { recorder.run(std::move(b)); },
      keep, one_flow);
  for (int i = 0; i < 3; ++i) submit(batcher, i);  // the third fills the batch: nobody waits the hour
  recorder.wait_for_batches(1);
  EXPECT_EQ(recorder.batches(), (std::vector<std::vector<int>>{{0, 1, 2}}));
}

TEST(Batcher, StopsWaitingWhenTheOldestHasWaitedLongEnough) {
  Recorder recorder;
  Batcher<int> batcher(
      {.max_batch = 3, .max_wait = std::chrono::milliseconds(1)},
      [&](std::vector<int> b) { recorder.run(std::move(b)); }, keep, one_flow);
  submit(batcher, 7);
  recorder.wait_for_batches(1);
  EXPECT_EQ(recorder.batches(), (std::vector<std::vector<int>>{{7}}));
}

TEST(Batcher, DiscardedItemsNeverReachABatch) {
  Recorder recorder;
  recorder.hold();
  std::atomic<int> discarded{0};
  Batcher<int> batcher(
      {.max_batch = 8}, [&](std::vector<int> b) { recorder.run(std::move(b)); },
      [&](int& item) { return item < 0 && ++discarded > 0; }, one_flow);
  submit(batcher, 1);
  recorder.wait_for_batches(1);
  for (const int item : {-1, 2, -2, 3}) submit(batcher, item);
  recorder.let_go();
  recorder.wait_for_batches(2);
  EXPECT_EQ(recorder.batches(), (std::vector<std::vector<int>>{{1}, {2, 3}}));
  EXPECT_EQ(discarded, 2);
}

TEST(Batcher, CloseFinishesTheBatchInProgressAndReturnsTheRest) {
  Recorder recorder;
  recorder.hold();
  Batcher<int> batcher(
      {.max_batch = 1}, [&](std::vector<int> b) { recorder.run(std::move(b)); }, keep, one_flow);
  submit(batcher, 1);
  recorder.wait_for_batches(1);
  submit(batcher, 2);
  submit(batcher, 3);
  std::vector<int> left;
  std::thread closer([&] { left = batcher.close(); });
  int late = 4;
  while (batcher.submit(late)) std::this_thread::yield();  // refused once close() has begun
  recorder.let_go();
  closer.join();
  EXPECT_EQ(recorder.batches(), (std::vector<std::vector<int>>{{1}}));
  ASSERT_GE(left.size(), 2U);
  EXPECT_EQ(left[0], 2);
  EXPECT_EQ(left[1], 3);
}

}  // namespace
}  // namespace mobileclip
