// How long a busy lane takes an item, measured, so that a request which could not be served before its deadline is
// refused at once instead of being served in vain.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <mutex>

namespace mobileclip {

/// Thread-safe.
class ServiceTime {
 public:
  using Clock = std::chrono::steady_clock;

  /// Of what `threads` finish, as many as there are may come at once, after as long a time.
  explicit ServiceTime(int threads) : threads_(threads) {}

  /// The lane was empty until now: the time before says nothing about its speed.
  void began(Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    last_ = now;
  }

  /// `items` were answered since the last call of either kind.
  void finished(std::size_t items, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    const auto count = static_cast<double>(items);
    double seconds = std::chrono::duration<double>(now - last_).count();
    if (items_ >= kFewest) seconds = std::min(seconds, kMaxSlowdown * std::max(count, threads_) * seconds_ / items_);
    const double keep = kMemory / (kMemory + count);
    items_ = items_ * keep + count;
    seconds_ = seconds_ * keep + seconds;
    last_ = now;
  }

  /// The wall time of one item, all threads together; zero until enough were measured.
  [[nodiscard]] std::chrono::duration<double> per_item() const {
    const std::lock_guard lock(mutex_);
    return std::chrono::duration<double>(items_ < kFewest ? 0 : seconds_ / items_);
  }

 private:
  static constexpr double kMemory = 256;  ///< items after which older ones weigh half
  static constexpr double kFewest = 32;
  /// Of one measurement: a machine that was suspended has not become slow.
  static constexpr double kMaxSlowdown = 4;

  const double threads_;
  mutable std::mutex mutex_;
  Clock::time_point last_ = Clock::now();
  double items_ = 0;
  double seconds_ = 0;
};

}  // namespace mobileclip
