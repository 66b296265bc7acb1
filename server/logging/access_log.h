// One line a request.
#pragma once

#include "server/logging/log_line.h"
#include "server/logging/log_writer.h"

namespace mobileclip::server {

/// Thread-safe.
class AccessLog {
 public:
  /// `writer` outlives it.
  AccessLog(LogFormat format, LogWriter& writer) : format_(format), writer_(writer) {}

  void write(const AccessRecord& record) const;

 private:
  LogFormat format_;
  LogWriter& writer_;
};

}  // namespace mobileclip::server
