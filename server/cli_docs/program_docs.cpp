#include "server/cli_docs/program_docs.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

namespace mobileclip::server {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool is_list_of_choices(std::string_view value) {
  return value.find('|') != std::string_view::npos &&
         std::ranges::none_of(value, [](char c) { return c >= 'A' && c <= 'Z'; });  // FILE|DIR: kinds, not values
}

OptionDocs read(const CLI::Option& option) {
  OptionDocs docs{.help = option.get_description(), .group = option.get_group()};
  for (const std::string& name : option.get_snames()) docs.flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) docs.flags.push_back("--" + name);
  if (option.get_expected_max() == 0) return docs;
  // `serve` writes a BOOLEAN's default into its type.
  const std::vector<std::string> type = split(option.get_type_name(), '=');
  docs.value = type.front();
  docs.fallback = type.size() > 1 ? type[1] : option.get_default_str();
  docs.value_may_be_left_out = option.get_expected_min() == 0;
  if (docs.value == "BOOLEAN") docs.choices = {"true", "false"};
  if (is_list_of_choices(docs.value)) docs.choices = split(docs.value, '|');
  return docs;
}

CommandDocs read_command(const CLI::App& app) {
  CommandDocs docs{.name = app.get_name(), .description = app.get_description(), .footer = app.get_footer()};
  for (const CLI::Option* option : app.get_options()) {
    if (option->nonpositional()) {
      docs.options.push_back(read(*option));
    } else {
      docs.positionals.push_back({.name = option->get_name(),
                                  .help = option->get_description(),
                                  .required = option->get_required(),
                                  .repeats = option->get_expected_max() > 1});
    }
  }
  std::vector<std::string> groups;
  for (const OptionDocs& option : docs.options) {
    if (std::ranges::find(groups, option.group) == groups.end()) groups.push_back(option.group);
  }
  std::ranges::stable_sort(docs.options, {}, [&](const OptionDocs& option) {
    return std::ranges::find(groups, option.group) - groups.begin();
  });
  return docs;
}

}  // namespace

ProgramDocs read_docs(const CLI::App& app) {
  ProgramDocs docs{.itself = read_command(app)};
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    docs.commands.push_back(read_command(*command));
  }
  return docs;
}

}  // namespace mobileclip::server
