// The whole command line as the parser knows it.
#pragma once

#include <string_view>

#include "server/cli/command.h"

namespace mobileclip::server {

inline constexpr std::string_view kProgram = "mobileclip-server";

/// Gives `app` name, description, version and every command. As with add_serve_command() and the like (command.h), both
/// outlive the parsing.
void describe_program(CLI::App& app, Action& action);

}  // namespace mobileclip::server
