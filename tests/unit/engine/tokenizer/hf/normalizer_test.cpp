#include "engine/tokenizer/hf/normalizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/base64.h"
#include "tests/unit/engine/tokenizer/hf/parts.h"

namespace mobileclip::hf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string text_of(std::string_view json, std::string_view utf8) {
  return encode_utf8(testing::normalized(json, utf8).text);
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> sources_of(std::string_view json, std::string_view utf8) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> sources;
  for (const SourceRange& source : testing::normalized(json, utf8).sources)
    sources.emplace_back(source.begin, source.end);
  return sources;
}

TEST(Normalizer, Bert) {
  constexpr const char* kUncased = R"({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                                       "strip_accents": null, "lowercase": true})";
  EXPECT_EQ(text_of(kUncased, "Ångström\t漢字\x01\u00AD\uFFFD."), "angstrom  漢  字 .");
  EXPECT_EQ(text_of(kUncased, "ΟΔΟΣ İ"), "οδοσ i");            // no final sigma; the dot is an accent
  EXPECT_EQ(text_of(kUncased, "a\u0378b\uE000"), "a\u0378b");  // unassigned stays, private use goes
  constexpr const char* kCased = R"({"type": "BertNormalizer", "lowercase": false, "strip_accents": null})";
  EXPECT_EQ(text_of(kCased, "Ångström"), "Ångström");
  EXPECT_EQ(text_of(R"({"type": "BertNormalizer", "lowercase": false, "strip_accents": true})", "Ångström"),
            "Angstrom");
  EXPECT_EQ(text_of(R"({"type": "BertNormalizer", "handle_chinese_chars": false})", "漢字"), "漢字");
  EXPECT_EQ(text_of(R"({"type": "BertNormalizer", "clean_text": false})", "a\tb\u00AD"), "a\tb\u00AD");
  // Blocks: 2B820 to 2B91F are left out, as they are in the reference.
  EXPECT_EQ(text_of(kUncased, "\U0002B820\U0002B920"), "\U0002B820 \U0002B920 ");
}

TEST(Normalizer, UnicodeForms) {
  EXPECT_EQ(text_of(R"({"type": "NFC"})", "e\u0301\u212B"), "é\u00C5");
  EXPECT_EQ(text_of(R"({"type": "NFD"})", "é"), "e\u0301");
  EXPECT_EQ(text_of(R"({"type": "NFKC"})", "ﬁ①Ａ"), "fi1A");
  EXPECT_EQ(text_of(R"({"type": "NFKD"})", "ﬁé"), "fie\u0301");
  EXPECT_EQ(text_of(R"({"type": "NFKC"})", "\U00010781"), "\U00010781");  // Unicode 14: not yet normalised
}

TEST(Normalizer, TellsWhereNormalizedCharactersComeFrom) {
  EXPECT_THAT(sources_of(R"({"type": "NFC"})", "ae\u0301b"), ElementsAre(Pair(0, 1), Pair(1, 3), Pair(3, 4)));
  EXPECT_THAT(sources_of(R"({"type": "NFKD"})", "xﬁ"), ElementsAre(Pair(0, 1), Pair(1, 2), Pair(1, 2)));
  EXPECT_THAT(sources_of(R"({"type": "Lowercase"})", "İA"), ElementsAre(Pair(0, 1), Pair(0, 1), Pair(1, 2)));
  EXPECT_THAT(sources_of(R"({"type": "Strip"})", "  a "), ElementsAre(Pair(2, 3)));
  EXPECT_THAT(sources_of(R"({"type": "Replace", "pattern": {"Regex": " +"}, "content": "__"})", "a   b"),
              ElementsAre(Pair(0, 1), Pair(1, 4), Pair(1, 4), Pair(4, 5)));
  EXPECT_THAT(sources_of(R"({"type": "BertNormalizer"})", "\x01漢É"),
              ElementsAre(Pair(1, 1), Pair(1, 2), Pair(2, 2), Pair(2, 3)));
}

TEST(Normalizer, OneStepEach) {
  EXPECT_EQ(text_of(R"({"type": "Lowercase"})", "AÉΣ"), "aéσ");
  EXPECT_EQ(text_of(R"({"type": "StripAccents"})", "e\u0301\u0903é"), "eé");
  EXPECT_EQ(text_of(R"({"type": "Strip", "strip_left": true, "strip_right": false})", "\u3000a "), "a ");
  EXPECT_EQ(text_of(R"({"type": "Strip", "strip_left": false, "strip_right": true})", " a\n"), " a");
  EXPECT_EQ(text_of(R"({"type": "Prepend", "prepend": "▁"})", "a"), "▁a");
  EXPECT_EQ(text_of(R"({"type": "Prepend", "prepend": "▁"})", ""), "");
  EXPECT_EQ(text_of(R"({"type": "Replace", "pattern": {"String": "``"}, "content": "\""})", "``a``` `"), "\"a\"` `");
  EXPECT_EQ(text_of(R"({"type": "Nmt"})", "a\u200Bb\x7F\uFEFF"), "a b ");
  EXPECT_EQ(text_of(R"({"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]})", "é"), "e");
}

TEST(Normalizer, ReadsRegularExpressionsAsOnigurumaDoes) {
  const auto replace = [](std::string_view pattern, std::string_view text) {
    const nlohmann::json json{{"type", "Replace"}, {"pattern", {{"Regex", pattern}}}, {"content", "_"}};
    return text_of(json.dump(), text);
  };
  EXPECT_EQ(replace(R"(\w)", "a½\u200D!"), "__\u200D!");
  EXPECT_EQ(replace(R"([^\w])", "a \u200D"), "a__");
  EXPECT_EQ(replace(R"(\h)", "fg "), "_g ");
  EXPECT_EQ(replace("^a", "ab\nab"), "_b\n_b");
  EXPECT_EQ(replace("b$", "ab\rab\nab"), "ab\ra_\na_");
  EXPECT_EQ(replace("(?=b)", "abb"), "a_b_b");
  EXPECT_EQ(replace(R"([a\]b-]+\p{L}+!++é+)", "]-axy!!éé"), "_");
  EXPECT_EQ(replace("a+?", "aa"), "__");
  EXPECT_EQ(replace("a{2,}b", "aaab ab aab"), "_ ab _");
  EXPECT_EQ(replace("a{2,3}", "aaaa aaaaa"), "_a __");
  EXPECT_EQ(replace("(ab)+", "ababa"), "_a");
}

// A trie of Darts-clone's kind for one entry: "A" becomes "bc".
TEST(Normalizer, Precompiled) {
  // Units: root (offset 1), then 1 ^ 'A' = 64: label 'A', a leaf at 64 ^ offset.
  std::vector<std::uint32_t> units(256, 0xFF);
  units[0] = 1u << 10;
  units[64] = 'A' | 1u << 8 | (64u ^ 128u) << 10;
  units[128] = 0x80000000u;
  std::string table(4 + units.size() * 4, '\0');
  const auto put = [&](std::size_t at, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) table[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> 8 * i);
  };
  put(0, static_cast<std::uint32_t>(units.size() * 4));
  for (std::size_t i = 0; i < units.size(); ++i) put(4 + i * 4, units[i]);
  table += std::string("bc\0", 3);
  const nlohmann::json json{{"type", "Precompiled"},
                            {"precompiled_charsmap", encode_base64(std::as_bytes(std::span(table)))}};
  EXPECT_EQ(text_of(json.dump(), "xAé"), "xbcé");
  EXPECT_THAT(sources_of(json.dump(), "xAy"), ElementsAre(Pair(0, 1), Pair(1, 2), Pair(1, 2), Pair(2, 3)));
  // A character of up to five bytes goes as a whole if its beginning is in the table; a longer one does not.
  EXPECT_EQ(text_of(json.dump(), "A\u0301"), "bc");
  EXPECT_EQ(text_of(json.dump(), "A\u0301\u0302\u0303"), "bc\u0301\u0302\u0303");
}

TEST(Normalizer, SaysWhatIsWrong) {
  const auto error = [](std::string_view json) { return testing::load_error(json, parse_normalizer); };
  EXPECT_THAT(error(R"({"type": "Transliterate"})"),
              HasSubstr(R"(tokenizer.json: type: expected one of BertNormalizer, Lowercase, NFC)"));
  EXPECT_THAT(error(R"({"type": "Transliterate"})"), HasSubstr(R"(found "Transliterate")"));
  EXPECT_THAT(error(R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, {}]})"),
              HasSubstr("normalizers[1].type: expected a value, found none"));
  EXPECT_THAT(error(R"({"type": "BertNormalizer", "lowercase": 1})"), HasSubstr("lowercase: expected true or false"));
  EXPECT_THAT(error(R"({"type": "Replace", "pattern": {"Regex": "("}, "content": ""})"),
              HasSubstr("pattern.Regex: expected a regular expression"));
  EXPECT_THAT(error(R"({"type": "Precompiled", "precompiled_charsmap": "AAAA"})"),
              HasSubstr("precompiled_charsmap: expected SentencePiece's"));
  std::string nested = R"({"type": "NFC"})";
  for (int i = 0; i < 500; ++i) nested = R"({"type": "Sequence", "normalizers": [)" + nested + "]}";
  EXPECT_THAT(error(nested), HasSubstr("nested too deeply"));
}

}  // namespace
}  // namespace mobileclip::hf
