// How many bytes of request bodies the process holds at a time, over all connections: many clients, each within its
// own limit, must not add up to more than the machine has.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace mobileclip::server {

/// Thread-safe. Outlives its leases.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  BodyBudget(const BodyBudget&) = delete;
  BodyBudget& operator=(const BodyBudget&) = delete;

  /// What one body holds; goes back at the end.
  class Lease {
   public:
    explicit Lease(BodyBudget& budget) : budget_(&budget) {}
    Lease(Lease&& other) noexcept : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Lease& operator=(Lease&&) = delete;
    ~Lease() { budget_->held_ -= bytes_; }

    /// Charged as a body arrives, not as it is announced: who announces much and sends little holds little. False, and
    /// nothing changed, where the budget is used up. Never shrinks.
    [[nodiscard]] bool grow_to(std::size_t bytes) {
      if (bytes <= bytes_) return true;
      const std::size_t more = bytes - bytes_;
      // Not added first and taken back: two who reach for the last bytes would refuse each other.
      std::size_t held = budget_->held_.load();
      do {
        if (held + more > budget_->max_bytes_) return false;
      } while (!budget_->held_.compare_exchange_weak(held, held + more));
      bytes_ = bytes;
      return true;
    }

   private:
    BodyBudget* budget_;
    std::size_t bytes_ = 0;
  };

  [[nodiscard]] std::size_t held() const { return held_.load(); }
  [[nodiscard]] std::size_t free() const { return max_bytes_ - held(); }

 private:
  const std::size_t max_bytes_;
  std::atomic<std::size_t> held_{0};
};

}  // namespace mobileclip::server
