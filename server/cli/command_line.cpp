#include "server/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "server/cli/interruptible_progress.h"
#include "server/cli/literal_arguments.h"
#include "server/cli/program.h"
#include "server/config/nearest.h"
#include "server/config/options.h"

namespace mobileclip::server {
namespace {

void report(std::string message) {
  std::ranges::replace(message, '\n', ' ');
  std::cerr << kProgram << ": error: " << message << std::endl;
}

/// The subcommand that the command line names, else the program itself.
const CLI::App& chosen(const CLI::App& app) {
  const auto subcommands = app.get_subcommands();
  return subcommands.empty() ? app : *subcommands.front();
}

std::string see_help(const CLI::App& command) {
  const std::string name = command.get_parent() ? " " + command.get_name() : "";
  return " (see: " + std::string(kProgram) + name + " --help)";
}

/// What nobody asked for: "--prot" or "srve", with what it may have been meant to be.
std::string describe_unknown(const CLI::App& app, const std::string& argument) {
  const CLI::App& command = chosen(app);
  const std::string name = argument.substr(0, argument.find('='));
  std::vector<std::string> candidates;
  if (name.starts_with("-")) {
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& flag : option->get_lnames()) candidates.push_back("--" + flag);
    }
    return "unknown option '" + name + "'" + suggestion(name, candidates);
  }
  if (command.get_parent()) return "unexpected argument '" + argument + "'";
  for (const CLI::App* subcommand : app.get_subcommands([](const CLI::App*) { return true; })) {
    candidates.push_back(subcommand->get_name());
  }
  return "unknown command '" + argument + "'" + suggestion(argument, candidates);
}

std::string describe(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> extras = app.remaining(/*recurse=*/true);
  if (!extras.empty()) return describe_unknown(app, without_mark(extras.front()));
  return error.what();
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  try {
    CLI::App app;
    Action action;
    describe_program(app, action);
    unmark_literals(app);
    if (argc <= 1) {
      std::cerr << app.help();
      return 2;
    }
    try {
      std::vector<std::string> arguments = mark_literals(argc, argv);
      std::ranges::reverse(arguments);  // as CLI11 wants them
      app.parse(std::move(arguments));
    } catch (const CLI::Success& asked_for_text) {  // --help, --version
      return app.exit(asked_for_text);
    } catch (const CLI::ParseError& error) {
      report(describe(app, error) + see_help(chosen(app)));
      return 2;
    }
    const int status = action();
    std::cout.flush();
    if (!std::cout) throw std::runtime_error("standard output: cannot be written");
    return status;
  } catch (const UsageError& error) {
    report(error.what());
    return 2;
  } catch (const ConfigError& error) {
    report(error.what());
    return 2;
  } catch (const Interrupted& error) {
    report(error.what());
    return 128 + error.signal();  // as a shell says of a process that a signal ended
  } catch (const std::bad_alloc&) {
    report("out of memory");
    return 1;
  } catch (const std::exception& error) {
    report(error.what());
    return 1;
  }
}

}  // namespace mobileclip::server
