// How much a lane may hold, from admission to the answer: by items and by bytes, whole requests or nothing. The last
// sixteenth is for small requests, so that a client that sends its thousands in bulk leaves room for others.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>

namespace mobileclip {

class LaneBudget {
 public:
  LaneBudget(std::size_t max_items, std::size_t max_bytes) : max_items_(max_items), max_bytes_(max_bytes) {}

  /// False, and nothing taken, where either bound would be passed, or a request of n items would leave fewer than n - 1
  /// of the last sixteenth (an empty lane takes anything that fits). A request larger than a bound by itself is never
  /// admitted: see fits().
  [[nodiscard]] bool try_admit(std::size_t items, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const std::size_t held = items_.load(std::memory_order_relaxed);
    const std::size_t left_to_others =
        held == 0 ? 0 : std::min(items - std::min<std::size_t>(items, 1), max_items_ / 16);
    if (items + left_to_others > max_items_ - held || bytes > max_bytes_ - bytes_) return false;
    items_.fetch_add(items, std::memory_order_relaxed);
    bytes_ += bytes;
    return true;
  }

  void release(std::size_t items, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    items_.fetch_sub(items, std::memory_order_relaxed);
    bytes_ -= bytes;
  }

  [[nodiscard]] bool fits(std::size_t items, std::size_t bytes) const {
    return items <= max_items_ && bytes <= max_bytes_;
  }
  [[nodiscard]] std::size_t items() const { return items_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t max_items() const { return max_items_; }
  [[nodiscard]] std::size_t max_bytes() const { return max_bytes_; }

 private:
  const std::size_t max_items_;
  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::atomic<std::size_t> items_{0};
  std::size_t bytes_ = 0;
};

}  // namespace mobileclip
