// What every engine of a process borrows: the threads that compute, the one that tokenises, and the kernels they run.
// However many models are served, there are no more threads than the CPUs they may use.
#pragma once

#include <chrono>
#include <string>

#include "engine/kernels/kernels.h"
#include "engine/runtime/executor.h"

namespace mobileclip {

/// Thread-safe. Outlives the engines that borrow it.
class Workers {
 public:
  /// `threads` that compute, 0: what affinity and the cgroup's CPU quota allow; `isa` as EngineOptions'. Throws
  /// LoadError where this CPU has not that instruction set.
  Workers(int threads, const std::string& isa);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  [[nodiscard]] const kernels::Kernels& kernels() const { return kernels_; }
  [[nodiscard]] Executor& computing() { return computing_; }
  /// Apart, though it takes microseconds a text: on the others' threads it would wait for an image to end, and the
  /// forward pass for another.
  [[nodiscard]] Executor& tokenizing() { return tokenizing_; }
  /// Threads that have been at one job for at least `limit`; none where that is 0. Never blocks.
  [[nodiscard]] int stuck(std::chrono::nanoseconds limit) const noexcept;

 private:
  const kernels::Kernels& kernels_;
  Executor computing_;
  Executor tokenizing_;
};

}  // namespace mobileclip
