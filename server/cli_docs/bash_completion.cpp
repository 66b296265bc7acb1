#include "server/cli_docs/bash_completion.h"

#include <map>

namespace mobileclip::server {
namespace {

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string result;
  for (const std::string& word : words) result += (result.empty() ? "" : between) + word;
  return result;
}

/// What may follow an option: its choices, a file, or something only the user knows.
std::string candidates(const OptionDocs& option) {
  if (!option.choices.empty())
    return "mapfile -t COMPREPLY < <(compgen -W '" + joined(option.choices, " ") + "' -- \"$word\")";
  const bool is_path = option.value == "FILE" || option.value == "DIR" || option.value == "TEXT";
  return is_path ? "_mobileclip_server_files" : ":";
}

/// The cases of one command: after which options comes which value.
std::string command_case(const CommandDocs& command) {
  std::vector<std::string> flags;
  std::map<std::string, std::vector<std::string>> by_value;
  for (const OptionDocs& option : command.options) {
    flags.insert(flags.end(), option.flags.begin(), option.flags.end());
    if (option.value.empty() || option.value_may_be_left_out) continue;
    std::vector<std::string>& same = by_value[candidates(option)];
    same.insert(same.end(), option.flags.begin(), option.flags.end());
  }
  std::string result = "    " + command.name + ")\n      flags='" + joined(flags, " ") + "'\n      case $previous in\n";
  for (const auto& [value, options] : by_value) {
    result += "        " + joined(options, " | ") + ")\n          " + value + "\n          return\n          ;;\n";
  }
  return result + "      esac\n      ;;\n";
}

}  // namespace

std::string bash_completion(const ProgramDocs& program) {
  std::vector<std::string> words;
  for (const CommandDocs& command : program.commands) words.push_back(command.name);
  for (const OptionDocs& option : program.itself.options) {
    words.insert(words.end(), option.flags.begin(), option.flags.end());
  }
  std::string script = R"(# bash completion for mobileclip-server; written by its build, from its own options

_mobileclip_server_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$word")
}

_mobileclip_server() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} flags=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W ')" +
                       joined(words, " ") + R"(' -- "$word")
    return
  fi
  case ${COMP_WORDS[1]} in
)";
  for (const CommandDocs& command : program.commands) script += command_case(command);
  return script + R"(  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
  else
    _mobileclip_server_files
  fi
}

complete -F _mobileclip_server mobileclip-server
)";
}

}  // namespace mobileclip::server
