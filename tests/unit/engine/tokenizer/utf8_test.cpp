#include "engine/tokenizer/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace mobileclip {
namespace {

TEST(Utf8, EveryScalarValueGoesThereAndBack) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    const std::string bytes = encode_utf8({&c, 1});
    const DecodedUtf8 decoded = decode_utf8(bytes);
    ASSERT_EQ(decoded.valid_bytes, bytes.size()) << std::hex << static_cast<unsigned>(c);
    ASSERT_EQ(decoded.text, std::u32string(1, c)) << std::hex << static_cast<unsigned>(c);
  }
}

struct Invalid {
  const char* what;
  std::string_view bytes;
  std::size_t offset;
};

TEST(Utf8, SaysWhereBytesAreNoUtf8) {
  using namespace std::string_view_literals;
  const Invalid cases[] = {
      {"a continuation byte alone", "ab\x80"sv, 2},
      {"FE", "\xFE"sv, 0},
      {"FF", "a\xFF"sv, 1},
      {"overlong NUL", "\xC0\x80"sv, 0},
      {"overlong slash, two bytes", "x\xC0\xAF"sv, 1},
      {"overlong C1", "\xC1\xBF"sv, 0},
      {"overlong slash, three bytes", "\xE0\x80\xAF"sv, 0},
      {"overlong U+07FF", "\xE0\x9F\xBF"sv, 0},
      {"overlong, four bytes", "\xF0\x8F\xBF\xBF"sv, 0},
      {"first surrogate", "\xED\xA0\x80"sv, 0},
      {"last surrogate", "a\xED\xBF\xBF"sv, 1},
      {"CESU-8 pair", "\xED\xA0\xBD\xED\xB8\x80"sv, 0},
      {"above U+10FFFF", "\xF4\x90\x80\x80"sv, 0},
      {"five bytes", "\xF8\x88\x80\x80\x80"sv, 0},
      {"two bytes, truncated", "ab\xC3"sv, 2},
      {"three bytes, truncated", "\xE2\x82"sv, 0},
      {"four bytes, truncated", "é\xF0\x9F\x98"sv, 2},
      {"lead byte before ASCII", "\xC3("sv, 0},
      {"second continuation missing", "\xE2\x82("sv, 0},
      {"third continuation missing", "\xF0\x9F\x98("sv, 0},
  };
  for (const Invalid& invalid : cases)
    EXPECT_EQ(decode_utf8(invalid.bytes).valid_bytes, invalid.offset) << invalid.what;
}

TEST(Utf8, KeepsWhatCameBeforeTheFault) { EXPECT_EQ(decode_utf8("aé\xFFz").text, U"aé"); }

}  // namespace
}  // namespace mobileclip
