#include "server/http/query.h"

#include <charconv>

namespace mobileclip::server {
std::optional<std::string> percent_decode(std::string_view text, SpaceAs space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i] == '+' && space == SpaceAs::kPlusToo ? ' ' : text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), SpaceAs::kPlusToo);
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1),
                                SpaceAs::kPlusToo);
    if (!name || !value) {
      return Error{ErrorCode::kInvalidArgument, "invalid query: two hexadecimal digits must follow each \"%\""};
    }
    parameters.emplace_back(*std::move(name), *std::move(value));
  }
  return parameters;
}

}  // namespace mobileclip::server
