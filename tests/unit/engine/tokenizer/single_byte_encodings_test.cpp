#include "engine/tokenizer/single_byte_encodings.h"

#include <gtest/gtest.h>

#include <string>

namespace mobileclip {
namespace {

TEST(SingleByteEncodings, EveryByteGoesThereAndBack) {
  for (const SingleByteEncoding& encoding : single_byte_encodings()) {
    for (unsigned byte = 0x80; byte < 0x100; ++byte) {
      const char32_t character = encoding.decode(static_cast<unsigned char>(byte));
      EXPECT_EQ(encoding.encode({&character, 1}), std::string(1, static_cast<char>(byte))) << encoding.name << byte;
    }
  }
}

TEST(SingleByteEncodings, KnownCharacters) {
  EXPECT_EQ(single_byte_encoding("windows-1252").encode(U"a€Ÿ"), "a\x80\x9F");
  EXPECT_EQ(single_byte_encoding("windows-1251").encode(U"Жé"), std::nullopt);
  EXPECT_EQ(single_byte_encoding("mac-roman").encode(U"√©"), "\xC3\xA9");
  EXPECT_EQ(single_byte_encoding("cp437").encode(U"├⌐"), "\xC3\xA9");
}

TEST(SingleByteEncodings, SloppyOnesFillTheirHoles) {
  EXPECT_EQ(single_byte_encoding("windows-1252").encode(U"\u0081"), "\x81");
  EXPECT_EQ(single_byte_encoding("windows-1252").encode(U"\uFFFD"), "\x1A");
  EXPECT_EQ(single_byte_encoding("windows-1252").encode(U"\x1A"), std::nullopt);
  EXPECT_EQ(single_byte_encoding("latin-1").encode(U"\x1A"), "\x1A");
  EXPECT_EQ(single_byte_encoding("latin-1").encode(U"\uFFFD"), std::nullopt);
}

TEST(SingleByteEncodings, C1ControlsAsWindows1252) {
  EXPECT_EQ(windows_1252_of_c1(0x85), U'…');
  EXPECT_EQ(windows_1252_of_c1(0x9D), char32_t{0x9D});
}

}  // namespace
}  // namespace mobileclip
