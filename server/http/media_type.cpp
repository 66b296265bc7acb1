#include "server/http/media_type.h"

#include <algorithm>

#include "server/http/ascii.h"

namespace mobileclip::server {
namespace {

bool is_token(std::string_view text) { return !text.empty() && consists_of_alphanumerics_and("!#$%&'*+-.^_`|~", text); }

/// Takes `"…"` off the front of `rest`. A backslash stands before a quote or another backslash; before anything else it
/// is itself, as browsers that send Windows paths mean it.
std::optional<std::string> take_quoted(std::string_view& rest) {
  std::string result;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return result;
    }
    const bool escape = rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\');
    result += rest[escape ? ++i : i];
  }
  return std::nullopt;
}

}  // namespace

const std::string* ParameterizedValue::find(std::string_view name) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const auto& p) { return p.first == name; });
  return found == parameters.end() ? nullptr : &found->second;
}

std::optional<ParameterizedValue> parse_parameterized(std::string_view text) {
  const std::size_t first = text.find(';');
  ParameterizedValue result{.value = to_lower(trim(text.substr(0, first))), .parameters = {}};
  const std::size_t slash = result.value.find('/');
  const bool valid = slash == std::string::npos ? is_token(result.value)
                                                : is_token(std::string_view(result.value).substr(0, slash)) &&
                                                      is_token(std::string_view(result.value).substr(slash + 1));
  if (!valid) return std::nullopt;

  std::string_view rest = first == std::string_view::npos ? std::string_view() : text.substr(first);
  while (!rest.empty()) {
    rest = trim(rest.substr(1));  // the ";"
    if (rest.empty() || rest.front() == ';') continue;
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos || !is_token(rest.substr(0, equals))) return std::nullopt;
    std::string name = to_lower(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    std::string value;
    if (rest.starts_with('"')) {
      auto quoted = take_quoted(rest);
      if (!quoted) return std::nullopt;
      value = *std::move(quoted);
    } else {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      value = trim(rest.substr(0, end));
      if (!is_token(value)) return std::nullopt;
      rest.remove_prefix(end);
    }
    rest = trim(rest);
    if (!rest.empty() && rest.front() != ';') return std::nullopt;
    if (result.find(name) != nullptr) return std::nullopt;
    result.parameters.emplace_back(std::move(name), std::move(value));
  }
  return result;
}

}  // namespace mobileclip::server
