// The one place where error codes become HTTP statuses, and both get their names.
#pragma once

#include <string_view>

#include "engine/base/error.h"

namespace mobileclip::server {

unsigned http_status(ErrorCode code);

/// The reply's "code": "invalid_argument". Part of the protocol.
std::string_view error_name(ErrorCode code);

}  // namespace mobileclip::server
