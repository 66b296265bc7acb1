// One forward pass and those who help it: the leader publishes each parallel region, whoever is attached claims tasks.
//
// Nobody waits for a helper that is not there: the leader takes tasks itself and waits only for those already claimed.
// So any number of teams can run on any number of threads without deadlock, and an idle thread can join or leave a
// forward pass between any two tasks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include "engine/nn/parallel.h"

namespace mobileclip {

/// run() is for the leader, help() for others, at the same time. Workers are numbered by the executor.
class Team final : public Parallel {
 public:
  /// `before_region` is called by the leader at each run(), when no task of its own is running.
  Team(int max_workers, std::function<void()> before_region)
      : max_workers_(max_workers), before_region_(std::move(before_region)) {}

  /// The worker that is about to call run(); -1 when it is done leading.
  void set_leader(int worker) { leader_.store(worker, std::memory_order_release); }
  [[nodiscard]] bool active() const { return leader_.load(std::memory_order_acquire) >= 0; }

  [[nodiscard]] int max_workers() const override { return max_workers_; }
  void run(std::size_t tasks, TaskRef task) override;

  void attach() { helpers_.fetch_add(1, std::memory_order_relaxed); }
  void detach() { helpers_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] int helpers() const { return helpers_.load(std::memory_order_relaxed); }
  /// Runs tasks of the current region until none is left to claim; false where there was none.
  bool help(int worker);

 private:
  const int max_workers_;
  const std::function<void()> before_region_;
  std::atomic<int> leader_{-1};
  std::atomic<int> helpers_{0};
  // The region in one word, so that a claim can never mix two of them: its number in the upper 32 bits, its task count
  // in the next 16, its next unclaimed task in the lowest 16. task_ changes only while no task is unclaimed or running.
  alignas(64) std::atomic<std::uint64_t> state_{0};
  std::atomic<const TaskRef*> task_{nullptr};
  alignas(64) std::atomic<std::uint32_t> done_{0};
};

}  // namespace mobileclip
