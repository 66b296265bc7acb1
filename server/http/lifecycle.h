// Where the process stands between start and exit, and how many requests it still owes an answer.
#pragma once

#include <atomic>
#include <cstddef>

namespace mobileclip::server {

/// Thread-safe.
class Lifecycle {
 public:
  enum class Phase {
    kServing,
    kLeaving,   ///< told to stop: not ready any more, but what arrives before load balancers notice is still served
    kRefusing,  ///< new work is refused; what is in flight finishes
  };

  [[nodiscard]] Phase phase() const { return phase_.load(); }
  [[nodiscard]] bool serving() const { return phase() == Phase::kServing; }
  void leave() { phase_ = Phase::kLeaving; }
  void refuse() { phase_ = Phase::kRefusing; }

  void request_started() { ++in_flight_; }
  void request_finished() { --in_flight_; }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.load(); }

 private:
  std::atomic<Phase> phase_{Phase::kServing};
  std::atomic<std::size_t> in_flight_{0};
};

}  // namespace mobileclip::server
