#include "server/cli_docs/zsh_completion.h"

#include <string_view>

namespace mobileclip::server {
namespace {

/// Within single quotes, in a specification of _arguments or _describe, where [, ], : and \ have meanings.
std::string quoted(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else if (c == '[' || c == ']' || c == ':' || c == '\\') {
      result += std::string("\\") + c;
    } else {
      result += c;
    }
  }
  return result;
}

/// ":message:action"
std::string value(const OptionDocs& option) {
  std::string action;
  if (!option.choices.empty()) {
    for (const std::string& choice : option.choices) action += (action.empty() ? "(" : " ") + choice;
    action += ")";
  } else if (option.value == "DIR") {
    action = "_files -/";
  } else if (option.value == "FILE" || option.value == "TEXT") {
    action = "_files";
  }
  return ":" + quoted(option.value) + ":" + action;
}

std::string option_specs(const CommandDocs& command) {
  std::string result;
  for (const OptionDocs& option : command.options) {
    for (const std::string& flag : option.flags) {
      std::string spec = flag;
      // "=-": an optional value only ever stands in the same word.
      if (!option.value.empty()) spec += option.value_may_be_left_out ? "=-" : flag.starts_with("--") ? "=" : "+";
      spec += "[" + quoted(option.help) + "]";
      if (!option.value.empty()) spec += (option.value_may_be_left_out ? ":" : "") + value(option);
      result += " \\\n        '" + spec + "'";
    }
  }
  return result;
}

}  // namespace

std::string zsh_completion(const ProgramDocs& program) {
  std::string script = R"(#compdef mobileclip-server
# written by mobileclip-server's build, from its own options

local curcontext="$curcontext" state line
local -a commands
commands=(
)";
  for (const CommandDocs& command : program.commands) {
    script += "  '" + quoted(command.name) + ":" + quoted(command.description) + "'\n";
  }
  script += ")\n\n_arguments -C" + option_specs(program.itself) +
            " \\\n        '1:command:->command' \\\n        '*::argument:->arguments' && return 0\n\n";
  script += R"(case $state in
  command)
    _describe command commands
    ;;
  arguments)
    curcontext="${curcontext%:*}-$words[1]:"
    case $words[1] in
)";
  for (const CommandDocs& command : program.commands) {
    script += "      " + command.name + ")\n        _arguments -s" + option_specs(command);
    if (!command.positionals.empty())
      script += " \\\n        '*:" + quoted(command.positionals.front().name) + ":_files'";
    script += "\n        ;;\n";
  }
  return script + "    esac\n    ;;\nesac\n";
}

}  // namespace mobileclip::server
