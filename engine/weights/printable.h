// Names out of files that nobody has vouched for, made fit for an error message.
#pragma once

#include <string>
#include <string_view>

namespace mobileclip {

/// `name` in quotes, control characters as \xNN, cut after 120 bytes: a name may be a megabyte long or hold a
/// terminal's escape sequences.
std::string printable(std::string_view name);

}  // namespace mobileclip
