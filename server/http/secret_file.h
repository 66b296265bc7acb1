// Files that only the server's user should be able to read.
#pragma once

#include <filesystem>
#include <string_view>

namespace mobileclip::server {

/// Logs a warning where every user of the machine can read `file`. `what` it holds: "API keys".
void warn_if_world_readable(const std::filesystem::path& file, std::string_view what);

}  // namespace mobileclip::server
