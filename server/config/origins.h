// Web origins, as option values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mobileclip::server {

/// "https://a.example, http://localhost:3000" or "*" alone; empty for none. Origins are as browsers send them (RFC
/// 6454 section 6.2): scheme, host in lower case, port where it is not the scheme's own; no path. nullopt for anything
/// else.
std::optional<std::vector<std::string>> parse_origins(std::string_view text);

/// The reverse.
std::string format_origins(const std::vector<std::string>& origins);

}  // namespace mobileclip::server
