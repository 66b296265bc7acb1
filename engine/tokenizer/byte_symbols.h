// The characters that byte-level BPE vocabularies write bytes as (GPT-2's bytes_to_unicode): printable characters of
// Latin-1 stand for their own byte, U+0100 and up for the other 68.
#pragma once

#include <array>
#include <cstddef>

namespace mobileclip {

struct ByteSymbol {
  unsigned char byte;
  char32_t symbol;
};

/// In the order of bytes_to_unicode, which is the order of CLIP's first 256 ids.
constexpr std::array<ByteSymbol, 256> byte_symbols() {
  const auto printable = [](unsigned byte) {
    return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
  };
  std::array<ByteSymbol, 256> symbols{};
  std::size_t next = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (printable(byte)) symbols[next++] = {static_cast<unsigned char>(byte), byte};
  }
  char32_t stand_in = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!printable(byte)) symbols[next++] = {static_cast<unsigned char>(byte), stand_in++};
  }
  return symbols;
}

/// What CLIP's vocabularies append to symbols that end a word.
inline constexpr char kEndOfWord[] = "</w>";

}  // namespace mobileclip
