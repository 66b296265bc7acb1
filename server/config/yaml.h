// The configuration file: sections of scalars, as in config/server.yaml.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "server/config/server_config.h"

namespace mobileclip::server {

/// Sets what `file` gives and leaves the rest. Throws ConfigError naming file, line, key, expected and found.
void apply_yaml_file(const std::filesystem::path& file, ServerConfig& config);

/// The same for text already read; `name` stands for the file in messages.
void apply_yaml(const std::string& yaml, std::string_view name, ServerConfig& config);

/// `config` as a file that apply_yaml_file reads back, each option with its help, flag and variable. config/server.yaml
/// is to_yaml(ServerConfig()).
std::string to_yaml(const ServerConfig& config);

}  // namespace mobileclip::server
