// mobileclip-server serve: configuration from four sources, then server/serve.h.
#include "server/serve.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/cli/command.h"
#include "server/config/environment.h"
#include "server/config/options.h"
#include "server/config/yaml.h"

namespace mobileclip::server {
namespace {

struct ServeArguments {
  std::string config_file;
  std::vector<std::pair<const Option*, std::string>> flags;
  bool print_config = false;
};

std::string config_file(const ServeArguments& arguments, const Environment& environment) {
  if (!arguments.config_file.empty()) return arguments.config_file;
  for (const auto& [name, value] : environment) {
    if (name == kConfigVariable) return value;
  }
  return "";
}

/// Defaults < file < environment < flags.
ServerConfig effective_config(const ServeArguments& arguments) {
  ServerConfig config;
  const Environment environment = process_environment();
  if (const std::string file = config_file(arguments, environment); !file.empty()) apply_yaml_file(file, config);
  apply_environment(environment, config);
  std::set<const Option*> given;
  for (const auto& [option, value] : arguments.flags) {
    const bool another = !given.insert(option).second && option->append;
    (another ? append_option : set_option)(*option, value, "--" + std::string(option->flag), config);
  }
  return config;
}

int run(const ServeArguments& arguments) {
  const ServerConfig config = effective_config(arguments);
  if (arguments.print_config) {
    std::cout << to_yaml(config);
    return 0;
  }
  if (config.models.empty()) {
    throw UsageError(
        "no model given: use --model DIR, MOBILECLIP_MODEL or 'model: DIR' in the configuration file "
        "(see: mobileclip-server serve --help)");
  }
  return serve(config);
}

std::string group_of(const Option& option) {
  const std::size_t dot = option.key.find('.');
  if (dot == std::string_view::npos) return "Options";
  std::string section(option.key.substr(0, dot));
  section.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(section.front())));
  return section;
}

}  // namespace

void add_serve_command(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ServeArguments>();
  CLI::App* command = app.add_subcommand("serve", "Answer HTTP requests for embeddings");
  command->footer(
      "\nEach option can also stand in the configuration file (--config; config/server.yaml shows all of them) or in\n"
      "the environment: --max-batch as MOBILECLIP_MAX_BATCH. Flags win over the environment, that over the file.\n"
      "Sizes are written like 64MiB, durations like 30s or 500ms.\n"
      "\nExample:\n"
      "  mobileclip-server serve --model models/MobileCLIP2-S0 --port 8080\n"
      "  curl -s http://127.0.0.1:8080/embed/text -H 'Content-Type: application/json' -d '{\"text\": \"a cat\"}'");

  command->add_option("--config", arguments->config_file, "Configuration file")->type_name("FILE")->take_last();
  const ServerConfig defaults;
  for (const Option& option : options()) {
    auto set = [arguments, &option](const std::string& value) {
      arguments->flags.emplace_back(&option, value.empty() && option.type == "BOOLEAN" ? "true" : value);
    };
    CLI::Option* flag =
        command->add_option_function<std::string>("--" + std::string(option.flag), set, std::string(option.help));
    flag->group(group_of(option));
    if (option.append) {
      flag->trigger_on_parse();  // once a value
    } else {
      flag->take_last();
    }
    if (option.type == "BOOLEAN") {
      // Its name alone means true. CLI11 would take a default string for what is meant, so it stands in the type.
      flag->expected(0, 1)->type_name("BOOLEAN=" + option.get(defaults));
    } else {
      flag->type_name(std::string(option.type))->default_str(option.get(defaults));
    }
  }
  command->add_flag("--print-config", arguments->print_config,
                    "Print the configuration that results, as YAML, and exit");
  command->callback([arguments, &action] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace mobileclip::server
