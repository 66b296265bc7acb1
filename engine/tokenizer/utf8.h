// UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF (Unicode 15, table 3-7).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mobileclip {

struct CodePoint {
  char32_t value;
  std::size_t length;  ///< bytes it takes; 0 where the bytes are not UTF-8
};

/// The code point at `offset`, which must be less than the size.
CodePoint code_point_at(std::string_view utf8, std::size_t offset) noexcept;

struct DecodedUtf8 {
  std::u32string text;      ///< what came before the first fault, if any
  std::size_t valid_bytes;  ///< the whole size, or the offset of the first sequence that is not UTF-8
};

DecodedUtf8 decode_utf8(std::string_view utf8);

/// `code_point` must be a Unicode scalar value.
void append_utf8(std::string& out, char32_t code_point);
std::string encode_utf8(std::u32string_view text);

}  // namespace mobileclip
