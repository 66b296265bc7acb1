// The options of `serve`, each described once. The YAML file, the environment, the flags, their help and the reference
// configuration (config/server.yaml) all follow this table.
#pragma once

#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/server_config.h"

namespace mobileclip::server {

/// A configuration that cannot be used. The message names the place (file:line, variable or flag), what was expected
/// and what was found.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Option {
  std::string_view key;   ///< in YAML, "server.port": section and name; "model" alone has no section
  std::string_view flag;  ///< without its dashes, "port"
  std::string_view type;  ///< for the help: INTEGER, SIZE, DURATION, BOOLEAN, TEXT, or the words to choose from
  std::string expected;   ///< for errors: "an integer from 0 to 65535"
  std::string_view help;  ///< one sentence, without a full stop
  std::function<std::string(const ServerConfig&)> get;  ///< the value as one would write it
  std::function<bool(ServerConfig&, std::string_view text)>
      set;  ///< false, and nothing changed, where `text` will not do
  // Of an option with several values; empty for others. `set` gives it one, `append` one more.
  std::function<bool(ServerConfig&, std::string_view text)> append = {};
  std::function<std::vector<std::string>(const ServerConfig&)> values = {};
};

/// In the order in which they are documented; options of one section stand together.
std::span<const Option> options();

/// nullptr where there is none.
const Option* find_option(std::string_view key);

/// "MOBILECLIP_PORT"
std::string environment_variable(const Option& option);

/// Throws ConfigError: "<place>: expected …, found …".
void set_option(const Option& option, std::string_view text, std::string_view place, ServerConfig& config);
/// The same for one more value of an option that has several.
void append_option(const Option& option, std::string_view text, std::string_view place, ServerConfig& config);

}  // namespace mobileclip::server
