// The moment after which nobody wants the answer. Travels with a request through every queue.
#pragma once

#include <chrono>

namespace mobileclip {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline never() { return Deadline(Clock::time_point::max()); }
  static Deadline after(Clock::duration d) { return Deadline(Clock::now() + d); }

  [[nodiscard]] bool passed(Clock::time_point now = Clock::now()) const { return now >= at_; }
  [[nodiscard]] Clock::time_point at() const { return at_; }

 private:
  explicit Deadline(Clock::time_point at) : at_(at) {}
  Clock::time_point at_;
};

}  // namespace mobileclip
