#include "server/config/environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "server/config/nearest.h"
#include "server/config/options.h"

namespace mobileclip::server {
namespace {

constexpr std::string_view kPrefix = "MOBILECLIP_";
// Of the tests: where data lies, and which binary to start.
constexpr std::array<std::string_view, 2> kTestVariables{"MOBILECLIP_SHARED", "MOBILECLIP_BINARY"};

/// Compared without the prefix, which would make every variable look like every other.
std::string suggestion_for(std::string_view name) {
  std::vector<std::string> known{std::string(kConfigVariable.substr(kPrefix.size()))};
  for (const Option& option : options()) known.push_back(environment_variable(option).substr(kPrefix.size()));
  const auto near = nearest(name.substr(kPrefix.size()), known);
  return near ? "; did you mean '" + std::string(kPrefix) + *near + "'?" : "";
}

/// Several values are joined by colons, as in PATH.
void set_list(const Option& option, std::string_view joined, std::string_view name, ServerConfig& config) {
  for (std::size_t at = 0; at <= joined.size();) {
    const std::size_t end = std::min(joined.find(':', at), joined.size());
    (at == 0 ? set_option : append_option)(option, joined.substr(at, end - at), name, config);
    at = end + 1;
  }
}

}  // namespace

Environment process_environment() {
  Environment result;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view variable = *entry;
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos) continue;
    result.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return result;
}

void apply_environment(const Environment& environment, ServerConfig& config) {
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix) || name == kConfigVariable || std::ranges::count(kTestVariables, name) != 0)
      continue;
    const auto option = std::ranges::find(options(), name, environment_variable);
    if (option == options().end()) {
      throw ConfigError("unknown environment variable '" + name + "'" + suggestion_for(name));
    }
    if (value.empty()) continue;
    if (option->append) {
      set_list(*option, value, name, config);
    } else {
      set_option(*option, value, name, config);
    }
  }
}

}  // namespace mobileclip::server
