// The engine's threads. A job is one image or a group of texts, led by one thread; threads without a job of their own
// help those that have one. So a lone request uses every core, and a crowd runs one job a core.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "engine/nn/parallel.h"
#include "engine/runtime/lane.h"

namespace mobileclip {

/// Thread-safe. Threads flush denormals to zero.
class Executor {
 public:
  /// A job runs on one thread, `worker` of [0, threads). Must not throw.
  struct Job {
    std::function<void(Parallel& parallel, int worker)> run;
    bool spreads;  ///< it uses `parallel`: idle threads stand by to help
  };

  explicit Executor(int threads);
  /// Runs every job submitted, then joins.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// First come, first served within a lane. Text jobs go first; a thread at an image even puts it aside, between two
  /// regions, for one that waits, or to help with one that another thread leads: a text hardly waits, and has more than
  /// one thread, however many images come. But no image is put aside more than a few times, and after as many text jobs
  /// in a row an image job has its turn: texts cannot starve images.
  void submit(Lane lane, Job job);

  /// Returns once no job is waiting or running.
  void wait_idle();

  [[nodiscard]] int threads() const;
  /// Threads without a job that spreads, at this moment: they help others, prepare inputs or sleep. Never blocks.
  [[nodiscard]] int not_computing() const;
  /// Threads that have been at one job, or on their way to one, for at least `limit`. Never blocks.
  [[nodiscard]] int stuck(std::chrono::nanoseconds limit) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mobileclip
