// Long work that SIGINT and SIGTERM end tidily: by an exception, so that what was half-written is removed.
#pragma once

#include <exception>
#include <string>

#include "engine/base/progress.h"
#include "server/cli/progress_bar.h"
#include "server/cli/stop_signals.h"

namespace mobileclip::server {

class Interrupted : public std::exception {
 public:
  explicit Interrupted(int signal);

  [[nodiscard]] int signal() const { return signal_; }
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

 private:
  int signal_;
  std::string message_;
};

/// A ProgressBar whose callback throws Interrupted once a signal came. One at a time, as StopSignals.
class InterruptibleProgress {
 public:
  /// Refers to this object, which must outlive it.
  [[nodiscard]] Progress callback();

 private:
  StopSignals signals_;
  ProgressBar bar_;
};

}  // namespace mobileclip::server
