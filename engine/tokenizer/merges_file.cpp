#include "engine/tokenizer/merges_file.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/base/error.h"

namespace mobileclip {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

SymbolPair parse_merge_line(const std::filesystem::path& file, std::size_t number, std::string_view line) {
  SymbolPair pair{.left = {}, .right = {}, .item = "line " + std::to_string(number)};
  if (parse_symbol_pair(line, pair)) return pair;
  throw LoadError(file.string() + ": " + pair.item + ": expected two symbols with a space between them, found " +
                  in_quotes(line));
}

std::vector<SymbolPair> parse_merges(const std::filesystem::path& file, std::string_view text) {
  const std::vector<std::string_view> lines = lines_of(text);
  const std::size_t header = !lines.empty() && lines[0].starts_with("#version") ? 1 : 0;
  std::vector<SymbolPair> merges;
  merges.reserve(lines.size());
  for (std::size_t i = header; i < lines.size(); ++i) merges.push_back(parse_merge_line(file, i + 1, lines[i]));
  return merges;
}

}  // namespace mobileclip
