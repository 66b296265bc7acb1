// How much memory the images being decoded take at a time: each within its limits, one a core, they could add up to
// more than the machine has.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace mobileclip {

/// Thread-safe. Outlives its leases.
class DecodeBudget {
 public:
  explicit DecodeBudget(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}
  DecodeBudget(const DecodeBudget&) = delete;
  DecodeBudget& operator=(const DecodeBudget&) = delete;

  /// One image's part. Waits, first come, first served, until others have given back enough; an image that needs more
  /// than there is has it all to itself. One thread must not hold two.
  class Lease {
   public:
    Lease(DecodeBudget& budget, std::uint64_t bytes) : budget_(budget), bytes_(bytes) {
      std::unique_lock lock(budget_.mutex_);
      const std::uint64_t turn = budget_.last_turn_++;
      budget_.changed_.wait(lock, [&] {
        return budget_.next_turn_ == turn && (budget_.held_ == 0 || budget_.held_ + bytes_ <= budget_.max_bytes_);
      });
      ++budget_.next_turn_;
      budget_.held_ += bytes_;
      budget_.changed_.notify_all();
    }
    ~Lease() {
      const std::lock_guard lock(budget_.mutex_);
      budget_.held_ -= bytes_;
      budget_.changed_.notify_all();
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

   private:
    DecodeBudget& budget_;
    const std::uint64_t bytes_;
  };

 private:
  const std::uint64_t max_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t held_ = 0;
  std::uint64_t next_turn_ = 0;  // who may take next, of those who came
  std::uint64_t last_turn_ = 0;
};

}  // namespace mobileclip
