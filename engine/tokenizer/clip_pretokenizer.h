// CLIP's text before byte-pair encoding: cleaned, then cut into pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mobileclip {

/// OpenCLIP's basic_clean, whitespace_clean and lower(): repaired (text_repair.h), HTML unescaped twice, white space
/// collapsed to single spaces and stripped, in lower case.
std::u32string clean_clip_text(std::u32string_view text);

/// The piece that OpenCLIP's pattern
///   <start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+   (ignoring case)
/// finds next in cleaned text, from `position` on, which moves behind it. Empty at the end.
std::u32string_view next_clip_piece(std::u32string_view text, std::size_t& position);

}  // namespace mobileclip
