// A bar for work that takes its time: what, how much of it, rate, time left. Shown on a terminal only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/progress.h"

namespace mobileclip::server {

/// "Writing weights  [=====>    ]  52%  12.3M/s  ETA 0:03", `columns` wide at most. The rate counts from `elapsed`, the
/// time since this piece of work began.
std::string render_progress(std::string_view what, std::uint64_t done, std::uint64_t total,
                            std::chrono::duration<double> elapsed, std::size_t columns);

/// Draws on standard error where that is a terminal and the work has taken a second, ten times a second; the destructor
/// wipes the line. Used by one thread at a time.
class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Refers to this object, which must outlive it.
  [[nodiscard]] Progress callback();

 private:
  using Clock = std::chrono::steady_clock;

  void update(std::string_view what, std::uint64_t done, std::uint64_t total);

  bool terminal_;
  bool drawn_ = false;
  std::string what_;
  Clock::time_point began_;       ///< the command
  Clock::time_point what_began_;  ///< its present piece of work
  Clock::time_point last_drawn_;
};

}  // namespace mobileclip::server
