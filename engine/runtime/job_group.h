// One engine's jobs on an executor that other engines use, too: counted, so that it can wait for its own to end.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>

#include "engine/runtime/executor.h"

namespace mobileclip {

/// Thread-safe. The executor outlives it.
class JobGroup {
 public:
  explicit JobGroup(Executor& executor) : executor_(executor) {}
  ~JobGroup() { wait_idle(); }
  JobGroup(const JobGroup&) = delete;
  JobGroup& operator=(const JobGroup&) = delete;

  void submit(Lane lane, Executor::Job job) {
    {
      const std::lock_guard lock(mutex_);
      ++unfinished_;
    }
    auto counted = [this, run = std::move(job.run)](Parallel& parallel, int worker) mutable {
      run(parallel, worker);
      run = nullptr;  // what it holds goes before its owner may
      finished();
    };
    executor_.submit(lane, {.run = std::move(counted), .spreads = job.spreads});
  }

  /// Returns once none of its jobs is waiting or running, and what they held is gone.
  void wait_idle() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return unfinished_ == 0; });
  }

  [[nodiscard]] int threads() const { return executor_.threads(); }
  [[nodiscard]] int not_computing() const { return executor_.not_computing(); }

 private:
  void finished() {
    const std::lock_guard lock(mutex_);
    if (--unfinished_ == 0) idle_.notify_all();  // under the lock: whoever waits may end this object
  }

  Executor& executor_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t unfinished_ = 0;
};

}  // namespace mobileclip
