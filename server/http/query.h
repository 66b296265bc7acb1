// The query of a request target: name=value pairs, percent-encoded.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace mobileclip::server {

/// In order, decoded; "+" is a space, a name without "=" has an empty value. kInvalidArgument for a "%" that two
/// hexadecimal digits do not follow.
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace mobileclip::server
