// Where log lines leave the process: a thread of its own writes them, so that a reader that stalls holds up nobody.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace mobileclip::server {

/// Thread-safe.
class LogWriter {
 public:
  /// Writes to `fd`, which stays the caller's. At most `max_bytes` wait; lines that find no room are dropped.
  explicit LogWriter(int fd, std::size_t max_bytes = 1u << 20);
  /// Writes what waits, for a second at most.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// `line` ends in a line break. Waits for nothing but another line's copying. Drops it where there is no memory for
  /// it: destructors write log lines.
  void write(std::string_view line) noexcept;

  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void loop();
  void write_out(std::string_view text);
  [[nodiscard]] bool wait_until_writable();

  const int fd_;
  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string waiting_;
  std::size_t being_written_ = 0;
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<bool> closing_{false};
  std::thread thread_;  // last: starts when everything else is there
};

}  // namespace mobileclip::server
