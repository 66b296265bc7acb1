// X-Request-Timeout: how long a client will wait for its answer.
#pragma once

#include <chrono>

#include "engine/base/result.h"
#include "server/http/headers.h"

namespace mobileclip::server {

inline constexpr std::chrono::hours kMaxRequestedTimeout{24};

/// "2.5" or "2.5s" (seconds), "500ms"; more than 0 and at most kMaxRequestedTimeout, else kInvalidArgument. Never more
/// than `most`, the server's own limit, which also holds where the header is missing.
Result<std::chrono::microseconds> request_timeout(const Headers& headers, std::chrono::microseconds most);

}  // namespace mobileclip::server
