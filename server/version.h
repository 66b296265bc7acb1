#pragma once

#include <string_view>

namespace mobileclip::server {

/// The project's version as CMakeLists.txt states it: "0.1.0".
std::string_view version();

/// The git commit that was built, with "-dirty" behind it where sources were changed; "unknown" outside a git checkout.
std::string_view revision();

}  // namespace mobileclip::server
