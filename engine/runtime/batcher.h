// The dynamic batcher of one lane: items come in one by one or in bunches, batches go out. It calls for a thread to
// compute as soon as there is an item; the batch is what has gathered when the thread comes. So an idle engine starts
// at once, a busy one finds a full batch, and nothing waits for a batch that others are computing.
//
// Knows neither what an item is nor who computes: items are moved in and, by whoever comes, taken out. So it is tested
// without models or sockets.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/runtime/fair_queue.h"

namespace mobileclip {

struct BatcherOptions {
  std::size_t max_batch = 32;
  std::chrono::microseconds max_wait{0};  ///< how long the oldest item may wait for a batch to fill
};

template <typename Item>
class Batcher {
 public:
  /// Sees to it that some thread calls take() when it has time; from the batcher's own thread, and not again before
  /// take() was called. Must not throw.
  using CallForThread = std::function<void()>;
  /// True for an item that shall not join its batch after all (expired, abandoned), once it has been answered.
  using Discard = std::function<bool(Item&)>;
  /// What takes turns with what (fair_queue.h).
  using FlowOf = std::function<typename FairQueue<Item>::Flow(const Item&)>;

  Batcher(const BatcherOptions& options, CallForThread call_for_thread, Discard discard, FlowOf flow_of)
      : options_(options),
        call_for_thread_(std::move(call_for_thread)),
        discard_(std::move(discard)),
        flow_of_(std::move(flow_of)),
        thread_([this] { loop(); }) {}

  ~Batcher() { close(); }
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  /// False, with the item left as it was, once closed.
  [[nodiscard]] bool submit(Item& item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return false;
      if (queue_.empty()) oldest_ = Clock::now();
      const auto flow = flow_of_(item);
      queue_.push(flow, std::move(item));
    }
    changed_.notify_one();
    return true;
  }

  /// Up to max_batch items, oldest first within a flow; none where all were discarded, or the batcher was closed since
  /// it called. Any thread may take, and several at once.
  std::vector<Item> take() {
    std::vector<Item> batch;
    {
      const std::lock_guard lock(mutex_);
      batch = pop(std::min(options_.max_batch, queue_.size()));
      oldest_ = Clock::now();  // of what stays: it has waited for this batch, and starts to wait for the next
      called_ = false;
    }
    changed_.notify_one();
    std::erase_if(batch, discard_);
    return batch;
  }

  /// Calls no more, and returns what is still queued, for its owner to answer.
  std::vector<Item> close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
    const std::lock_guard lock(mutex_);
    return pop(queue_.size());
  }

 private:
  using Clock = std::chrono::steady_clock;

  void loop() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return closed_ || (!called_ && !queue_.empty()); });
      const auto full_or_closed = [this] { return closed_ || queue_.size() >= options_.max_batch; };
      if (options_.max_wait.count() > 0) changed_.wait_until(lock, oldest_ + options_.max_wait, full_or_closed);
      if (closed_) return;
      called_ = true;
      lock.unlock();
      call_for_thread_();
      lock.lock();
    }
  }

  /// The lock is held.
  std::vector<Item> pop(std::size_t count) {
    std::vector<Item> items;
    items.reserve(count);
    while (items.size() < count) items.push_back(queue_.pop());
    return items;
  }

  const BatcherOptions options_;
  const CallForThread call_for_thread_;
  const Discard discard_;
  const FlowOf flow_of_;
  std::mutex mutex_;
  std::condition_variable changed_;
  FairQueue<Item> queue_;
  Clock::time_point oldest_{};
  bool called_ = false;  // for a thread that has not come yet
  bool closed_ = false;
  std::thread thread_;  // last: starts when everything else is there
};

}  // namespace mobileclip
