#include "server/logging/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <new>
#include <utility>

namespace mobileclip::server {
namespace {

constexpr int kPollMilliseconds = 100;
constexpr std::chrono::seconds kLastWords{1};

}  // namespace

LogWriter::LogWriter(int fd, std::size_t max_bytes) : fd_(fd), max_bytes_(max_bytes), thread_([this] { loop(); }) {}

LogWriter::~LogWriter() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void LogWriter::write(std::string_view line) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (line.size() > max_bytes_ - std::min(max_bytes_, waiting_.size() + being_written_)) {
      ++dropped_;
      return;
    }
    waiting_ += line;
  } catch (const std::bad_alloc&) {
    ++dropped_;
    return;
  }
  changed_.notify_one();
}

void LogWriter::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::string text = std::exchange(waiting_, {});
    being_written_ = text.size();
    lock.unlock();
    write_out(text);
    lock.lock();
    being_written_ = 0;
  }
}

void LogWriter::write_out(std::string_view text) {
  while (!text.empty()) {
    if (!wait_until_writable()) return;
    // A pipe that poll() calls writable takes PIPE_BUF bytes without blocking (pipe(7)).
    const ssize_t written = ::write(fd_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (written < 0 && errno != EINTR && errno != EAGAIN) {  // the reader is gone, or the disk full
      dropped_ += static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
      return;
    }
    text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
}

/// False where the process ends before the reader takes anything more.
bool LogWriter::wait_until_writable() {
  pollfd file{.fd = fd_, .events = POLLOUT, .revents = 0};
  std::chrono::milliseconds waited{0};
  while (::poll(&file, 1, kPollMilliseconds) <= 0) {
    if (!closing_) continue;
    waited += std::chrono::milliseconds(kPollMilliseconds);
    if (waited >= kLastWords) return false;
  }
  return true;
}

}  // namespace mobileclip::server
