#include "server/cli/choice_option.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace mobileclip::server {

void add_word_option(CLI::App& command, const std::string& name, const std::string& description,
                     const std::vector<std::string>& words, std::function<void(std::size_t)> choose) {
  const auto take = [words, choose = std::move(choose)](const std::string& word) {
    choose(static_cast<std::size_t>(std::ranges::find(words, word) - words.begin()));
  };
  command.add_option_function<std::string>(name, take, description)
      ->type_name(CLI::detail::join(words, "|"))
      ->default_str(words.front())
      ->check(CLI::IsMember(words).description(""));
}

}  // namespace mobileclip::server
