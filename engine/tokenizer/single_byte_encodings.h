// The single-byte encodings that UTF-8 is most often misread in.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mobileclip {

struct SingleByteEncoding {
  std::string_view name;
  /// Bytes that it leaves undefined stand for the code points of the same number, and byte 0x1A for U+FFFD.
  bool sloppy;
  char16_t upper_half[128];  ///< what bytes 0x80 to 0xFF mean; the others mean themselves

  /// What the byte 0x80 to 0xFF means.
  [[nodiscard]] constexpr char32_t decode(unsigned char byte) const { return upper_half[byte - 0x80]; }
  /// The bytes that `text` would be in this encoding, or nothing where it has a character that the encoding lacks.
  [[nodiscard]] std::optional<std::string> encode(std::u32string_view text) const;
};

/// In the order in which ftfy tries them.
std::span<const SingleByteEncoding> single_byte_encodings();
const SingleByteEncoding& single_byte_encoding(std::string_view name);

/// U+0080 to U+009F read as Windows-1252, where that defines the byte, else as they are; as web browsers do.
char32_t windows_1252_of_c1(char32_t c1_control);

}  // namespace mobileclip
