// What a line of the log looks like, as text and as JSON.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/config/server_config.h"

namespace mobileclip::server {

using LogTime = std::chrono::system_clock::time_point;

/// One request, as the access log tells it. Nothing in it is a client's, but for a request id that was checked.
struct AccessRecord {
  std::string_view id;
  std::string_view method;
  std::string_view route;  ///< the route's pattern
  unsigned status = 0;
  std::size_t bytes_in = 0;   ///< of the body
  std::size_t bytes_out = 0;  ///< likewise
  std::chrono::nanoseconds total{0};
  std::vector<std::pair<std::string_view, std::chrono::nanoseconds>> stages;  ///< in their order; name and duration
  std::size_t images = 0;
  std::size_t texts = 0;
  std::size_t batch = 0;  ///< items in the largest forward pass that took some of it
};

/// "2026-11-21T13:48:29.123Z info listening on …", or the same as {"time", "level", "message"}. One line whatever
/// `message` holds, with its line break.
std::string log_line(LogFormat format, LogTime time, std::string_view level, std::string_view message);

/// "… info POST /embed/text 200 id=… in=30 out=5700 total=14.1ms read=0.2ms … texts=1 batch=1", or as JSON an object
/// with "time", "level", "message": "request" and the record's members, durations in milliseconds.
std::string access_line(LogFormat format, LogTime time, const AccessRecord& record);

}  // namespace mobileclip::server
