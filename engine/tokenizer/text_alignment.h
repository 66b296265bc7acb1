// Where in a text its cleaned form comes from.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace mobileclip {

/// For each code point of `cleaned`, its position in `original`. nullopt where cleaning has changed more than letter
/// case and white space (clip_pretokenizer.h, clean_clip_text): there is no such position then.
std::optional<std::vector<std::size_t>> align_cleaned(std::u32string_view original, std::u32string_view cleaned);

}  // namespace mobileclip
