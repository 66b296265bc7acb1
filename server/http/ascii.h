// Text as HTTP's grammar sees it: ASCII, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace mobileclip::server {

/// ASCII case is ignored, as header names, media types and tokens want it.
bool equals_ignoring_case(std::string_view a, std::string_view b);

/// Without the optional white space (SP, HTAB) around it.
std::string_view trim(std::string_view text);

std::string to_lower(std::string_view text);

/// Whether `text` is letters, digits and characters of `others` only.
bool consists_of_alphanumerics_and(std::string_view others, std::string_view text);

}  // namespace mobileclip::server
