#include "engine/tokenizer/misread_utf8_bytes.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace mobileclip {
namespace {

TEST(RestoreNoBreakSpaces, OnlyWhereTheSequenceIsLikely) {
  EXPECT_EQ(restore_no_break_spaces("voil\xC3 le"), "voil\xC3\xA0 le");
  EXPECT_EQ(restore_no_break_spaces("\xC3 s 7"), "\xC3\xA0s 7");
  EXPECT_EQ(restore_no_break_spaces("\xC3  x"), "\xC3\xA0 x");
  EXPECT_EQ(restore_no_break_spaces("\xC3 quela"), "\xC3\xA0quela");
  EXPECT_EQ(restore_no_break_spaces("\xC3 quel"), "\xC3\xA0 quel");
  EXPECT_EQ(restore_no_break_spaces("\xF0\x9F\x8C "), "\xF0\x9F\x8C\xA0");
  EXPECT_EQ(restore_no_break_spaces("\xF0 \x8C "), "\xF0 \x8C ");
  EXPECT_EQ(restore_no_break_spaces("\xE2\x80 "), "\xE2\x80\xA0");
  EXPECT_EQ(restore_no_break_spaces("\xE2 \x81"), "\xE2\xA0\x81");
  EXPECT_EQ(restore_no_break_spaces("\xE1 \x81"), "\xE1 \x81");
  EXPECT_EQ(restore_no_break_spaces("\xE5\x80 "), "\xE5\x80 ");
  EXPECT_EQ(restore_no_break_spaces("\xC4 \xC3"), "\xC4 \xC3");
}

TEST(ReplaceLossySequences, WhereBytesAreMissing) {
  EXPECT_EQ(replace_lossy_sequences("\xE2\x80\x1A!"), "\uFFFD!");
  EXPECT_EQ(replace_lossy_sequences("\xC3?\xC4?"), "\uFFFD\xC4?");
  EXPECT_EQ(replace_lossy_sequences("\xC4\x1A"), "\uFFFD");
  EXPECT_EQ(replace_lossy_sequences("\xE2?\x1A \xE2??"), "\uFFFD \xE2??");
  EXPECT_EQ(replace_lossy_sequences("\xF0\x9F\x1A\x80\xF0\x9F\x98\x80"), "\uFFFD\xF0\x9F\x98\x80");
  EXPECT_EQ(replace_lossy_sequences("\xED\xA0\x1A\xED\xB0?"), "\uFFFD");
  EXPECT_EQ(replace_lossy_sequences("a\x1A"), "a\uFFFD");
  EXPECT_EQ(replace_lossy_sequences("\xE2\x80"), "\xE2\x80");
}

TEST(DecodeUtf8Variants, TakesCesu8AndJavasNul) {
  using namespace std::string_view_literals;
  EXPECT_EQ(decode_utf8_variants("é\xED\xA0\xBD\xED\xB8\x80"), U"é😀");
  EXPECT_EQ(decode_utf8_variants("a\xC0\x80"), U"a\0"sv);
  EXPECT_EQ(decode_utf8_variants("\xED\x95\x9C"), U"한");
  EXPECT_EQ(decode_utf8_variants("\xED\xA0\xBD"), std::nullopt);
  EXPECT_EQ(decode_utf8_variants("\xED\xB8\x80\xED\xA0\xBD"), std::nullopt);
  EXPECT_EQ(decode_utf8_variants("\xC0"), std::nullopt);
  EXPECT_EQ(decode_utf8_variants("\xC0\xAF"), std::nullopt);
}

}  // namespace
}  // namespace mobileclip
