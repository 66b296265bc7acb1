#include "engine/tokenizer/text_alignment.h"

#include <string>

#include "engine/tokenizer/unicode.h"

namespace mobileclip {

std::optional<std::vector<std::size_t>> align_cleaned(std::u32string_view original, std::u32string_view cleaned) {
  const std::u32string lower = to_lower(original);
  if (lower.size() != original.size()) return std::nullopt;
  std::vector<std::size_t> positions;
  positions.reserve(cleaned.size());
  std::size_t at = 0;
  const auto skip_space = [&] {
    const std::size_t from = at;
    while (at < lower.size() && is_space(lower[at])) ++at;
    return at > from;
  };
  skip_space();
  for (const char32_t c : cleaned) {
    positions.push_back(at);
    if (c == U' ') {
      if (!skip_space()) return std::nullopt;
      continue;
    }
    if (at == lower.size() || lower[at] != c) return std::nullopt;
    ++at;
  }
  skip_space();
  if (at < lower.size()) return std::nullopt;
  return positions;
}

}  // namespace mobileclip
