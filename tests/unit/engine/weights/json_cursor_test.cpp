#include "engine/weights/json_cursor.h"

#include <gtest/gtest.h>

namespace mobileclip {
namespace {

bool accepts(std::string_view text) {
  try {
    JsonCursor cursor(text);
    cursor.skip_value();
    cursor.expect_end();
    return true;
  } catch (const JsonError&) {
    return false;
  }
}

std::string string_of(std::string_view text) { return JsonCursor(text).read_string(); }

TEST(JsonCursor, AcceptsWhatJsonAllows) {
  for (const char* const text :
       {"0", "-0", "-12.5e+3", "1E5", "1e-999", "0.000e-999", "\"\"", "[]", "{}", "[1,[2,{\"a\":null}],true,false]",
        " \t\r\n[ 1 , 2 ] ", "{\"a\":1,\"a\":2}", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "\"\x7f\""}) {
    EXPECT_TRUE(accepts(text)) << text;
  }
}

TEST(JsonCursor, RejectsWhatJsonDoesNotAllow) {
  for (const char* const text : {"",
                                 " ",
                                 "01",
                                 "-01",
                                 "+1",
                                 ".5",
                                 "1.",
                                 "1e",
                                 "1e+",
                                 "-",
                                 "0x1",
                                 "NaN",
                                 "Infinity",
                                 "1e999",
                                 "-1e999",
                                 "tru",
                                 "nul",
                                 "[1,]",
                                 "[,1]",
                                 "[1 2]",
                                 "[",
                                 "]",
                                 "{\"a\":1,}",
                                 "{,}",
                                 "{\"a\"}",
                                 "{\"a\":}",
                                 "{a:1}",
                                 "{'a':1}",
                                 "{\"a\" 1}",
                                 "\"",
                                 "\"\\\"",
                                 "\"\\x\"",
                                 "\"\\u12\"",
                                 "\"\\u12g4\"",
                                 "\"\\u+123\"",
                                 "\"\\ud800\"",
                                 "\"\\ud800\\u0041\"",
                                 "\"\\udc00\"",
                                 "\"\\ud800\\ud800\"",
                                 "\"\n\"",
                                 "\"\x01\"",
                                 "[] []",
                                 "{}x",
                                 "/**/1",
                                 "\v1",
                                 "\"\\"}) {
    EXPECT_FALSE(accepts(text)) << text;
  }
}

TEST(JsonCursor, UnescapesStrings) {
  EXPECT_EQ(string_of(R"("t\u0065st\n\/")"), "test\n/");
  EXPECT_EQ(string_of(R"("\ud83d\ude00")"), "\xF0\x9F\x98\x80");
  EXPECT_EQ(string_of(R"("\u00e9\u20AC")"), "\xC3\xA9\xE2\x82\xAC");
  EXPECT_EQ(string_of(R"("a\u0000b")"), std::string("a\0b", 3));
  EXPECT_EQ(string_of(R"("\uffff\u0800\u07ff\u0080")"), "\xEF\xBF\xBF\xE0\xA0\x80\xDF\xBF\xC2\x80");
}

TEST(JsonCursor, ReadsUnsignedIntegersAndNothingElse) {
  EXPECT_EQ(JsonCursor("18446744073709551615").read_unsigned(), 18446744073709551615U);
  EXPECT_EQ(JsonCursor(" 0").read_unsigned(), 0U);
  for (const char* const text : {"18446744073709551616", "-0", "-1", "1.0", "1e0", "\"1\"", "null", "[]"}) {
    EXPECT_THROW(JsonCursor(text).read_unsigned(), JsonError) << text;
  }
}

TEST(JsonCursor, LimitsNesting) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(accepts(nested(127)));
  EXPECT_FALSE(accepts(nested(128)));
  EXPECT_FALSE(accepts(nested(1'000'000)));
}

TEST(JsonCursor, SaysWhatAndWhere) {
  try {
    JsonCursor("[true]").read_unsigned();
    FAIL();
  } catch (const JsonError& error) {
    EXPECT_STREQ(error.what(), "expected an unsigned 64-bit integer, found an array at byte 0");
  }
}

TEST(IsValidUtf8, FollowsUnicodesTable) {
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("plain ASCII, longer than eight bytes"));
  for (const char* const good : {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
                                 "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_valid_utf8(good));
    EXPECT_TRUE(is_valid_utf8("1234567" + std::string(good) + "12345678"));
    EXPECT_FALSE(is_valid_utf8("12345678" + std::string(good).substr(0, std::string(good).size() - 1)));
  }
  for (const char* const bad :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xFE", "\xC2 ", "\xE2\x82 ", "\xF0\x9F\x98 "}) {
    EXPECT_FALSE(is_valid_utf8(bad));
    EXPECT_FALSE(is_valid_utf8("12345678" + std::string(bad)));
  }
}

}  // namespace
}  // namespace mobileclip
