#include "server/http/headers.h"

#include <algorithm>

#include "server/http/ascii.h"

namespace mobileclip::server {

std::optional<std::string_view> Headers::find(std::string_view name) const {
  const auto found =
      std::find_if(begin(), end(), [&](const auto& field) { return equals_ignoring_case(field.first, name); });
  if (found == end()) return std::nullopt;
  return found->second;
}

std::optional<std::string> Headers::list(std::string_view name) const {
  std::optional<std::string> joined;
  for (const auto& [field, value] : fields_) {
    if (equals_ignoring_case(field, name)) joined = joined ? *joined + ", " + value : value;
  }
  return joined;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(begin(), end(), [&](const auto& field) { return equals_ignoring_case(field.first, name); }));
}

}  // namespace mobileclip::server
