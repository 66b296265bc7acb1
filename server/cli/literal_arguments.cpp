#include "server/cli/literal_arguments.h"

#include <CLI/CLI.hpp>
#include <utility>

namespace mobileclip::server {
namespace {

constexpr char kMark = '\x01';

void drop_mark(std::string& argument) {
  if (argument.starts_with(kMark)) argument.erase(0, 1);
}

}  // namespace

std::vector<std::string> mark_literals(int argc, const char* const* argv) {
  std::vector<std::string> arguments;
  bool literal = false;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (!literal && argument == "--") {
      literal = true;
      continue;
    }
    const bool taken_apart = argument.starts_with('[') || argument == "++" || argument.starts_with(kMark);
    if (literal || taken_apart) argument.insert(argument.begin(), kMark);
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

void unmark_literals(CLI::App& app) {
  const CLI::Validator unmark(
      [](std::string& argument) {
        drop_mark(argument);
        return std::string();  // no error
      },
      "");
  for (CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) option->transform(unmark);
  for (CLI::App* subcommand : app.get_subcommands([](const CLI::App*) { return true; })) unmark_literals(*subcommand);
}

std::string without_mark(std::string argument) {
  drop_mark(argument);
  return argument;
}

}  // namespace mobileclip::server
