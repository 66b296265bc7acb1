// SIGINT and SIGTERM as a question that long work asks now and then.
#pragma once

namespace mobileclip::server {

/// While it lives, the first of either signal is only noted, a second one ends the process as ever. One at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The signal that came, or 0.
  [[nodiscard]] int received() const;
};

}  // namespace mobileclip::server
