// What is percent-encoded in a request target (RFC 3986 section 2.1): the query's name=value pairs, a path's segments.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace mobileclip::server {

enum class SpaceAs { kPercent, kPlusToo };  ///< whether "+" is a space, as in forms, or itself

/// nullopt for a "%" that two hexadecimal digits do not follow.
std::optional<std::string> percent_decode(std::string_view text, SpaceAs space);

/// In order, decoded; "+" is a space, a name without "=" has an empty value. kInvalidArgument for a "%" that two
/// hexadecimal digits do not follow.
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace mobileclip::server
