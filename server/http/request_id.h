// The name under which client and log speak of a request: X-Request-Id.
#pragma once

#include <string>

#include "server/http/headers.h"

namespace mobileclip::server {

inline constexpr std::size_t kMaxRequestIdBytes = 128;

/// The client's own where it is one: 1 to kMaxRequestIdBytes letters, digits and -_.:=+/@~ . Else a random one.
std::string request_id(const Headers& headers);

/// 32 hexadecimal digits.
std::string random_request_id();

}  // namespace mobileclip::server
