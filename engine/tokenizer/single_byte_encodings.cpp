#include "engine/tokenizer/single_byte_encodings.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace mobileclip {
namespace {

using EncodingTable = SingleByteEncoding;
#include "engine/tokenizer/single_byte_encodings.inc"

constexpr std::size_t kWindows1252 = 1;
static_assert(kEncodings[kWindows1252].name == "windows-1252");

constexpr unsigned char kSubstitute = 0x1A;
constexpr char32_t kReplacementCharacter = 0xFFFD;

// The upper half sorted by character, for looking bytes up.
struct ByteOf {
  char16_t character;
  unsigned char byte;
};
using Reverse = std::array<ByteOf, 128>;

constexpr Reverse reversed(const SingleByteEncoding& encoding) {
  Reverse reverse{};
  for (std::size_t i = 0; i < reverse.size(); ++i) {
    reverse[i] = {encoding.upper_half[i], static_cast<unsigned char>(0x80 + i)};
  }
  std::ranges::sort(reverse, {}, &ByteOf::character);
  return reverse;
}

constexpr auto kReverses = [] {
  std::array<Reverse, std::size(kEncodings)> reverses{};
  for (std::size_t i = 0; i < reverses.size(); ++i) reverses[i] = reversed(kEncodings[i]);
  return reverses;
}();

}  // namespace

std::optional<std::string> SingleByteEncoding::encode(std::u32string_view text) const {
  const Reverse& reverse = kReverses[static_cast<std::size_t>(this - kEncodings)];
  std::string bytes;
  for (const char32_t c : text) {
    unsigned char byte;
    if (sloppy && c == kReplacementCharacter) {
      byte = kSubstitute;
    } else if (c < 0x80 && !(sloppy && c == kSubstitute)) {
      byte = static_cast<unsigned char>(c);
    } else {
      const auto found = std::ranges::lower_bound(reverse, c, {}, &ByteOf::character);
      if (found == reverse.end() || found->character != c) return std::nullopt;
      byte = found->byte;
    }
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

std::span<const SingleByteEncoding> single_byte_encodings() { return kEncodings; }

const SingleByteEncoding& single_byte_encoding(std::string_view name) {
  const auto found = std::ranges::find(kEncodings, name, &SingleByteEncoding::name);
  assert(found != std::end(kEncodings));
  return *found;
}

char32_t windows_1252_of_c1(char32_t c1_control) {
  return kEncodings[kWindows1252].decode(static_cast<unsigned char>(c1_control));
}

}  // namespace mobileclip
