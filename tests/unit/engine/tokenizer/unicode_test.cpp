#include "engine/tokenizer/unicode.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace mobileclip {
namespace {

TEST(Unicode, SpacesArePythons) {
  const std::u32string spaces =
      U"\t\n\v\f\r\x1C\x1D\x1E\x1F \u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A"
      U"\u2028\u2029\u202F\u205F\u3000";
  std::u32string found;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (is_space(c)) found.push_back(c);
  }
  EXPECT_EQ(found, spaces);
}

TEST(Unicode, Categories) {
  EXPECT_TRUE(is_letter(U'ª'));
  EXPECT_TRUE(is_letter(U'漢'));
  EXPECT_FALSE(is_letter(0x301));
  EXPECT_TRUE(is_number(U'½'));
  EXPECT_TRUE(is_number(U'Ⅷ'));
  EXPECT_FALSE(is_digit(U'Ⅷ'));
  EXPECT_TRUE(is_digit(U'٣'));
  EXPECT_FALSE(is_number(U'漢'));
}

TEST(Unicode, LowersLikePython) {
  EXPECT_EQ(to_lower(U"A Photo Of A CAT"), U"a photo of a cat");
  EXPECT_EQ(to_lower(U"ΟΔΟΣ ΣΑΣ Σ"), U"οδος σας σ");
  EXPECT_EQ(to_lower(U"ΑΣ\u0301 ΑΣ'Α"), U"ας\u0301 ασ'α");
  EXPECT_EQ(to_lower(U"\u0130stanbul"), U"i\u0307stanbul");
  EXPECT_EQ(to_lower(U"\u212A\u1E9E\u01C5"), U"kß\u01C6");
}

TEST(Unicode, Normalizes) {
  EXPECT_EQ(normalize(UnicodeForm::kNfc, U"e\u0301"), U"é");
  EXPECT_EQ(normalize(UnicodeForm::kNfc, U"\u1100\u1161\u11A8"), U"각");
  EXPECT_EQ(normalize(UnicodeForm::kNfc, U"\u212B"), U"\u00C5");
  EXPECT_EQ(normalize(UnicodeForm::kNfc, U"q\u0307\u0323"), U"q\u0323\u0307");
  EXPECT_EQ(normalize(UnicodeForm::kNfkc, std::u32string(1, 0xFF21)), U"A");
  EXPECT_EQ(normalize(UnicodeForm::kNfkc, std::u32string(1, 0xFF76)), U"\u30AB");
}

struct Run {
  std::u32string_view part;
  std::size_t times = 1;
};

std::u32string text_of(std::initializer_list<Run> runs) {
  std::u32string text;
  for (const Run& run : runs) {
    for (std::size_t i = 0; i < run.times; ++i) text += run.part;
  }
  return text;
}

// Marks in the wrong order, more of them than insertion sort could put right in a day.
TEST(Unicode, LongRunsOfMarksAreSortedToo) {
  constexpr std::size_t kTimes = 300'000;
  EXPECT_EQ(normalize(UnicodeForm::kNfc, text_of({{U"x"}, {U"\u0301\u0327", kTimes}, {U"y"}})),
            text_of({{U"x"}, {U"\u0327", kTimes}, {U"\u0301", kTimes}, {U"y"}}));
  // The letter takes the first mark that it composes with.
  EXPECT_EQ(normalize(UnicodeForm::kNfc, text_of({{U"a"}, {U"\u0301\u0323", kTimes}})),
            text_of({{U"\u1EA1"}, {U"\u0323", kTimes - 1}, {U"\u0301", kTimes}}));
  // A mark that decomposes into two classes.
  EXPECT_EQ(normalize(UnicodeForm::kNfc, text_of({{U"\u0F73", kTimes}})),
            text_of({{U"\u0F71", kTimes}, {U"\u0F72", kTimes}}));
}

// The run's length must not matter to the result.
TEST(Unicode, ShortAndLongRunsAgree) {
  for (std::size_t times = 1; times < 100; ++times) {
    EXPECT_EQ(normalize(UnicodeForm::kNfc, text_of({{U"a"}, {U"\u0302\u0323", times}})),
              text_of({{U"\u1EAD"}, {U"\u0323", times - 1}, {U"\u0302", times - 1}}));
  }
}

TEST(Unicode, DataIsThere) { EXPECT_NO_THROW(require_unicode_data()); }

}  // namespace
}  // namespace mobileclip
