// MOBILECLIP_* environment variables.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/config/server_config.h"

namespace mobileclip::server {

/// Name and value.
using Environment = std::vector<std::pair<std::string, std::string>>;

/// The process's own. Not to be called while another thread changes it.
Environment process_environment();

/// The configuration file's path; the one variable that is of `serve` but no option of the file.
inline constexpr std::string_view kConfigVariable = "MOBILECLIP_CONFIG";

/// Sets what MOBILECLIP_* variables give; an empty one counts as unset. Throws ConfigError for a bad value and for a
/// variable of that prefix that nobody knows, except those of the project's own tests.
void apply_environment(const Environment& environment, ServerConfig& config);

}  // namespace mobileclip::server
