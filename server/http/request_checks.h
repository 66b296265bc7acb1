// What this server refuses although an HTTP library may let it pass: whatever two parties on one connection could read
// in two ways (RFC 9112 sections 3, 5 and 6).
#pragma once

#include <optional>
#include <string_view>

#include "server/http/message.h"

namespace mobileclip::server {

inline constexpr std::size_t kMaxTargetBytes = 4096;
inline constexpr std::size_t kMaxHeaderFields = 100;

/// The head as it lies on the wire, from the request line to the empty line.
std::optional<HttpError> check_raw_head(std::string_view head);

/// The head as it was parsed.
std::optional<HttpError> check_request_head(const RequestHead& head);

}  // namespace mobileclip::server
