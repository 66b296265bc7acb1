// Options whose value is one of a few words.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace mobileclip::server {

/// Calls choose(i) for words[i]; the first is the default.
void add_word_option(CLI::App& command, const std::string& name, const std::string& description,
                     const std::vector<std::string>& words, std::function<void(std::size_t)> choose);

/// The word given says what `target` becomes; the first one's value is what it is already. `target` outlives
/// `command`'s parsing.
template <typename T>
void add_choice_option(CLI::App& command, const std::string& name, const std::string& description, T& target,
                       const std::vector<std::pair<std::string, T>>& choices) {
  std::vector<std::string> words;
  for (const auto& [word, value] : choices) words.push_back(word);
  add_word_option(command, name, description, words,
                  [&target, choices](std::size_t chosen) { target = choices[chosen].second; });
}

}  // namespace mobileclip::server
