#include "engine/tokenizer/hf/pre_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/tokenizer/hf/byte_level.h"
#include "tests/unit/engine/tokenizer/hf/parts.h"

namespace mobileclip::hf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::pieces;

TEST(PreTokenizer, Bert) {
  EXPECT_THAT(pieces(R"({"type": "BertPreTokenizer"})", " it's\u3000$5—ok "),
              ElementsAre("it", "'", "s", "$", "5", "—", "ok"));
  // Punctuation since Unicode 9 is none to the reference.
  EXPECT_THAT(pieces(R"({"type": "BertPreTokenizer"})", "a\u2E43b"), ElementsAre("a\u2E43b"));
  EXPECT_THAT(pieces(R"({"type": "BertPreTokenizer"})", " \n"), IsEmpty());
}

TEST(PreTokenizer, ByteLevel) {
  constexpr const char* kPlain = R"({"type": "ByteLevel", "add_prefix_space": false})";
  EXPECT_THAT(pieces(kPlain, "It's 12  o'clock\n\n é"),
              ElementsAre("It", "'s", "Ġ12", "Ġ", "Ġo", "'", "clock", "ĊĊ", "ĠÃ©"));
  EXPECT_THAT(pieces(kPlain, "a \t b!?  "), ElementsAre("a", "Ġĉ", "Ġb", "!?", "ĠĠ"));
  constexpr const char* kPrefixed = R"({"type": "ByteLevel", "add_prefix_space": true, "use_regex": false})";
  EXPECT_THAT(pieces(kPrefixed, "a b"), ElementsAre("ĠaĠb"));
  EXPECT_THAT(pieces(kPrefixed, " a"), ElementsAre("Ġa"));
  EXPECT_THAT(pieces(kPrefixed, ""), IsEmpty());
}

// Against the pattern itself, as ICU reads it.
TEST(PreTokenizer, ByteLevelIsGpt2sPattern) {
  const nlohmann::json pattern{
      {"type", "Split"},
      {"behavior", "Isolated"},
      {"pattern", {{"Regex", R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"}}}};
  constexpr std::u32string_view kCharacters = U" \t\n'srelvmdtA1½é漢!\u0301\u00A0";
  std::u32string text;
  for (unsigned i = 1; i < 20'000; ++i) text += kCharacters[(i * 2654435761u >> 16) % kCharacters.size()];
  std::vector<std::string> found;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t length = gpt2_piece_length(std::u32string_view(text).substr(begin));
    found.push_back(encode_utf8(text.substr(begin, length)));
    begin += length;
  }
  EXPECT_EQ(found, pieces(pattern.dump(), encode_utf8(text)));
}

TEST(PreTokenizer, Metaspace) {
  constexpr const char* kAlways = R"({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"})";
  EXPECT_THAT(pieces(kAlways, "Hey  you"), ElementsAre("▁Hey", "▁", "▁you"));
  EXPECT_THAT(pieces(kAlways, " Hey"), ElementsAre("▁Hey"));
  EXPECT_THAT(pieces(R"({"type": "Metaspace", "prepend_scheme": "always", "split": false})", "a b"),
              ElementsAre("▁a▁b"));
  EXPECT_THAT(pieces(R"({"type": "Metaspace", "prepend_scheme": "never"})", "a b"), ElementsAre("a", "▁b"));
  EXPECT_THAT(pieces(R"({"type": "Metaspace", "add_prefix_space": true, "str_rep": "▁"})", "a"), ElementsAre("▁a"));
  EXPECT_THAT(pieces(R"({"type": "Metaspace", "add_prefix_space": false})", "a"), ElementsAre("a"));
  // "first": where the text begins, not where a piece does.
  constexpr const char* kFirst = R"({"type": "Sequence", "pretokenizers": [
      {"type": "WhitespaceSplit"}, {"type": "Metaspace", "prepend_scheme": "first"}]})";
  EXPECT_THAT(pieces(kFirst, "a b"), ElementsAre("▁a", "b"));
}

TEST(PreTokenizer, Splits) {
  EXPECT_THAT(pieces(R"({"type": "Whitespace"})", "a_1 b!? é\u200D"), ElementsAre("a_1", "b", "!?", "é\u200D"));
  EXPECT_THAT(pieces(R"({"type": "WhitespaceSplit"})", "a! \u00A0b"), ElementsAre("a!", "b"));
  EXPECT_THAT(pieces(R"({"type": "Digits", "individual_digits": true})", "a12½"), ElementsAre("a", "1", "2", "½"));
  EXPECT_THAT(pieces(R"({"type": "Digits"})", "a12b3"), ElementsAre("a", "12", "b", "3"));
  EXPECT_THAT(pieces(R"({"type": "Punctuation"})", "a?!b"), ElementsAre("a", "?", "!", "b"));
  EXPECT_THAT(pieces(R"({"type": "Punctuation", "behavior": "Contiguous"})", "a?!b"), ElementsAre("a", "?!", "b"));
}

TEST(PreTokenizer, SplitBehaviors) {
  const auto split = [](const char* behavior, bool invert) {
    const nlohmann::json json{
        {"type", "Split"}, {"pattern", {{"String", "-"}}}, {"behavior", behavior}, {"invert", invert}};
    return pieces(json.dump(), "the-final--countdown");
  };
  EXPECT_THAT(split("Removed", false), ElementsAre("the", "final", "countdown"));
  EXPECT_THAT(split("Isolated", false), ElementsAre("the", "-", "final", "-", "-", "countdown"));
  EXPECT_THAT(split("MergedWithPrevious", false), ElementsAre("the-", "final-", "-", "countdown"));
  EXPECT_THAT(split("MergedWithNext", false), ElementsAre("the", "-final", "-", "-countdown"));
  EXPECT_THAT(split("Contiguous", false), ElementsAre("the", "-", "final", "--", "countdown"));
  EXPECT_THAT(split("Removed", true), ElementsAre("-", "-", "-"));
}

TEST(PreTokenizer, SaysWhatIsWrong) {
  const auto error = [](std::string_view json) { return testing::load_error(json, parse_pre_tokenizer); };
  EXPECT_THAT(error(R"({"type": "UnicodeScripts"})"), HasSubstr(R"(found "UnicodeScripts")"));
  EXPECT_THAT(error(R"({"type": "Metaspace", "prepend_scheme": "last"})"),
              HasSubstr("expected always, first or never"));
  EXPECT_THAT(error(R"({"type": "Metaspace", "replacement": "ab"})"), HasSubstr("replacement: expected one character"));
  EXPECT_THAT(error(R"({"type": "Split", "pattern": {"String": "a"}, "behavior": "Kept"})"),
              HasSubstr("expected Removed"));
  EXPECT_THAT(error(R"({"type": "Split", "pattern": {"String": ""}, "behavior": "Removed"})"),
              HasSubstr("pattern.String"));
}

}  // namespace
}  // namespace mobileclip::hf
