// The process's log: spdlog's default logger, in the configured format, through a LogWriter to standard error.
#pragma once

#include <memory>

#include "server/config/server_config.h"
#include "server/logging/log_writer.h"

namespace spdlog {
class logger;
}

namespace mobileclip::server {

/// Sets spdlog's default logger up and puts the one before back when it goes. One at a time.
class Logging {
 public:
  explicit Logging(const ServerConfig& config);
  ~Logging();
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;

  [[nodiscard]] LogWriter& writer() { return writer_; }

 private:
  LogWriter writer_;
  std::shared_ptr<spdlog::logger> before_;
};

}  // namespace mobileclip::server
