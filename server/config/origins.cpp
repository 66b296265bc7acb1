#include "server/config/origins.h"

namespace mobileclip::server {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kSchemeCharacters = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
constexpr std::string_view kHostCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-._:[]";

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

bool is_origin(std::string_view text) {
  constexpr std::string_view kSeparator = "://";
  const std::size_t at = text.find(kSeparator);
  if (at == std::string_view::npos) return false;
  const std::string_view scheme = text.substr(0, at);
  return consists_of(scheme, kSchemeCharacters) && kLower.find(scheme.front()) != std::string_view::npos &&
         consists_of(text.substr(at + kSeparator.size()), kHostCharacters);
}

std::string_view without_spaces_around(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

}  // namespace

std::optional<std::vector<std::string>> parse_origins(std::string_view text) {
  std::vector<std::string> origins;
  if (text.empty()) return origins;
  if (text == "*") return std::vector<std::string>{"*"};
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    const std::string_view origin = without_spaces_around(text.substr(0, comma));
    if (!is_origin(origin)) return std::nullopt;
    origins.emplace_back(origin);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return origins;
}

std::string format_origins(const std::vector<std::string>& origins) {
  std::string text;
  for (const std::string& origin : origins) text.append(text.empty() ? "" : ",").append(origin);
  return text;
}

}  // namespace mobileclip::server
