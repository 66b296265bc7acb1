#include "proto_json/json_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/support/shared_data.h"

namespace mobileclip::proto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string failure(std::string_view text, const JsonLimits& limits = {}) {
  const auto document = parse_json(text, limits);
  return document ? "no error" : document.error().message;
}

TEST(JsonDocument, BuildsWhatTheLibraryBuilds) {
  for (const char* text :
       {R"({"a": [1, -2, 3.5, "x", true, null, {"b": []}], "c": {}})", "[]", "\"x\"", "0", "[[1],[2,[3]]]",
        R"({"\u0000": "\ud83d\ude00"})", "  [1e2 , 18446744073709551615, -9223372036854775808]  "}) {
    const auto document = parse_json(text);
    ASSERT_TRUE(document.ok()) << text;
    EXPECT_EQ(*document, nlohmann::json::parse(text)) << text;
  }
}

TEST(JsonDocument, NamesByteAndReasonButNotTheContent) {
  EXPECT_EQ(failure(""), "not valid JSON at byte 1: unexpected end of input");
  EXPECT_EQ(failure("[1, nope]"), "not valid JSON at byte 6: invalid literal");
  EXPECT_EQ(failure("{\"a\" 1}"), "not valid JSON at byte 6: unexpected number literal");
  EXPECT_EQ(failure("[1e999]"), "not valid JSON at byte 6: a number is out of double's range");
  EXPECT_THAT(failure("[\"secret - ; \xff\"]"), HasSubstr("ill-formed UTF-8"));
  EXPECT_THAT(failure("[\"secret - ; \xff\"]"), Not(HasSubstr("secret")));
  EXPECT_THAT(failure(R"(["\ud800"])"), HasSubstr("surrogate"));
  EXPECT_EQ(failure(std::string_view("[1]\0[", 5)), "not valid JSON at byte 4: a NUL byte");
  EXPECT_THAT(failure("[1] [2]"), HasSubstr("not valid JSON at byte 5"));
}

TEST(JsonDocument, ANameGivenTwiceHasNoValue) {
  const auto document = parse_json(R"({"a": 1, "b": {"a": 2}, "a": {"c": [1], "c": 2, "d": 3}, "a": 4, "e": 5})");
  ASSERT_TRUE(document.ok());
  EXPECT_TRUE((*document)["a"].is_discarded());
  EXPECT_EQ((*document)["b"]["a"], 2);
  EXPECT_EQ((*document)["e"], 5);
  EXPECT_EQ(document->size(), 3u);
  EXPECT_THAT(failure(R"({"a": 1, "a": nope})"), HasSubstr("byte 16")) << "what is not used must be JSON, too";
  EXPECT_THAT(failure(R"({"a":1,"a":2,"a":3})", {.max_values = 3}), HasSubstr("more than 3 values"));
}

TEST(JsonDocument, BoundsDepth) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(failure(nested(64)), "no error");
  EXPECT_THAT(failure(nested(65)), HasSubstr("deeper than 64"));
  EXPECT_THAT(failure(std::string(1'000'000, '[')), HasSubstr("deeper than 64"));
  std::string objects;
  for (int i = 0; i < 65; ++i) objects += "{\"a\":";
  EXPECT_THAT(failure(objects), HasSubstr("deeper than 64"));
}

TEST(JsonDocument, BoundsTheNumberOfValues) {
  EXPECT_EQ(failure("[1,2,3]", {.max_values = 4}), "no error");
  EXPECT_THAT(failure("[1,2,3]", {.max_values = 3}), HasSubstr("more than 3 values"));
  EXPECT_THAT(failure("{\"a\":{\"b\":[1]}}", {.max_values = 3}), HasSubstr("more than 3 values"));
}

// JSONTestSuite: y_ must be accepted, n_ refused, i_ is ours to decide.
TEST(JsonDocument, AgreesWithTheTestSuite) {
  REQUIRE_SHARED(folder, "data/hostile/json");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const bool accepted = parse_json(text).ok();
    const bool must_accept = name.starts_with("y_");
    const bool may_accept = must_accept || name.starts_with("i_");
    EXPECT_TRUE(accepted ? may_accept : !must_accept) << name;
    ++files;
  }
  EXPECT_GE(files, 300u);
}

}  // namespace
}  // namespace mobileclip::proto
