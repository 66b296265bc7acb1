// Which models are in memory: loads those that are asked for, releases those that nobody uses, and keeps all of them
// together within a budget.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "server/handlers/releasable_service.h"

namespace mobileclip::server {

struct KeepingRules {
  std::chrono::milliseconds idle_release{0};  ///< release what was not used for so long; 0: never
  std::size_t memory = 0;                     ///< bytes of all loaded models; 0: no bound
};

/// One thread loads one model at a time; requests of loaded ones never wait for it. Where the budget has no room for a
/// model that is asked for, the least recently used go, each once it has finished what it has.
class ModelKeeper {
 public:
  explicit ModelKeeper(const KeepingRules& rules) : rules_(rules) {}
  /// A model that is loaded; where the budget has no room for it beside those added before, it is released. It outlives
  /// this. Throws std::runtime_error for one that alone is larger than the budget.
  void add(ReleasableService& model);
  /// Once, after all were added.
  void start();
  /// Ends after the load in progress. What waits for others is left for the models to answer.
  ~ModelKeeper();
  ModelKeeper(const ModelKeeper&) = delete;
  ModelKeeper& operator=(const ModelKeeper&) = delete;

 private:
  using Clock = ReleasableService::Clock;

  void want(ReleasableService& model);
  void loop();
  void make_room_for(const ReleasableService& model);
  void release_unused();
  /// When the next model may have been unused for long enough.
  [[nodiscard]] Clock::time_point next_look() const;

  const KeepingRules rules_;
  std::vector<ReleasableService*> models_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ReleasableService*> wanted_;
  bool stopping_ = false;
  std::jthread thread_;  // last: ends before the rest goes
};

}  // namespace mobileclip::server
