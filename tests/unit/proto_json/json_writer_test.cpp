#include "proto_json/json_writer.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

namespace mobileclip::proto {
namespace {

std::string string_json(std::string_view text) { return std::move(JsonWriter().string(text)).take(); }

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  JsonWriter json;
  json.begin_object();
  json.key("a").begin_array().integer(1).integer(-2).begin_array().end_array().begin_object().end_object().end_array();
  json.key("b").boolean(true);
  json.key("c").begin_object().key("d").string("e").key("f").number(0.5f).end_object();
  json.key("g").numbers(std::vector<float>{1, 2.5f});
  json.key("h").numbers({});
  json.end_object();
  EXPECT_EQ(std::move(json).take(), R"({"a":[1,-2,[],{}],"b":true,"c":{"d":"e","f":0.5},"g":[1,2.5],"h":[]})");
}

TEST(JsonWriter, EscapesWhatMustBeEscaped) {
  EXPECT_EQ(string_json("a\"b\\c\nd\re\tf\x01g\x7f/"), R"("a\"b\\c\nd\re\tf\u0001g\u007f/")");
  EXPECT_EQ(string_json(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(JsonWriter, KeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_EQ(string_json("é€😀"), "\"é€😀\"");
  for (const char* bad : {"\x80", "\xC0\xAF", "\xC2", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                          "\xF4\x90\x80\x80", "\xF5", "\xE2\x82", "\xF0\x9F\x98"}) {
    const std::string text = string_json(std::string("a") + bad + "z");
    EXPECT_TRUE(nlohmann::json::accept(text)) << text;
    EXPECT_NE(text.find("\xEF\xBF\xBD"), std::string::npos) << text;
  }
}

TEST(JsonWriter, ReplacesNoWellFormedSequence) {
  for (char32_t c = 0x80; c <= 0x10FFFF; c += 7) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string utf8;
    if (c < 0x800) {
      utf8 = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
    } else if (c < 0x10000) {
      utf8 = {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
              static_cast<char>(0x80 | (c & 63))};
    } else {
      utf8 = {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 63)),
              static_cast<char>(0x80 | (c >> 6 & 63)), static_cast<char>(0x80 | (c & 63))};
    }
    ASSERT_EQ(string_json(utf8), "\"" + utf8 + "\"") << static_cast<unsigned>(c);
  }
}

TEST(JsonWriter, FloatsReadBackBitForBit) {
  std::mt19937 random(7);
  std::vector<float> values = {
      0.0f, -0.0f, 1.0f, 1e-45f, std::numeric_limits<float>::max(), -std::numeric_limits<float>::min(), 0.1f};
  while (values.size() < 20'000) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(value)) values.push_back(value);
  }
  const std::string text = std::move(JsonWriter().numbers(values)).take();
  EXPECT_LE(text.size(), values.size() * kMaxFloatBytes + 2);
  const auto read = nlohmann::json::parse(text);
  ASSERT_EQ(read.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(static_cast<float>(read[i].get<double>()), values[i]);
  }
}

TEST(JsonWriter, NeverWritesNanOrInfinity) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(std::move(JsonWriter().numbers(std::vector<float>{std::nanf(""), infinity, -infinity})).take(),
            "[null,null,null]");
}

}  // namespace
}  // namespace mobileclip::proto
