// How much a lane may hold, from admission to the answer: by items and by bytes, whole requests or nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>

namespace mobileclip {

class LaneBudget {
 public:
  LaneBudget(std::size_t max_items, std::size_t max_bytes) : max_items_(max_items), max_bytes_(max_bytes) {}

  /// False, and nothing taken, where either bound would be passed. A request larger than a bound by itself is never
  /// admitted: see fits().
  [[nodiscard]] bool try_admit(std::size_t items, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (items > max_items_ - items_.load(std::memory_order_relaxed) || bytes > max_bytes_ - bytes_) return false;
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
