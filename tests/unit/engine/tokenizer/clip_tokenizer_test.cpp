#include "engine/tokenizer/clip_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "engine/tokenizer/clip_pretokenizer.h"
#include "engine/tokenizer/utf8.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/engine/tokenizer/vocabulary_forms.h"

namespace mobileclip {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ids = std::vector<std::int32_t>;
using Json = nlohmann::json;

class SmallTokenizer : public ::testing::Test {
 protected:
  static constexpr std::int32_t kStart = 519, kEnd = 520, kCat = 513, kDog = 515, kThe = 517;

  [[nodiscard]] TokenizedText encode(std::string_view text, std::size_t context_length = 77) const {
    auto encoded = tokenizer_.encode(text, context_length);
    if (!encoded) throw std::runtime_error(encoded.error().message);
    return *std::move(encoded);
  }

  testing::TemporaryDirectory directory_;
  ClipTokenizer tokenizer_ =
      ClipTokenizer::load(directory_.write("tokenizer.json", testing::small_tokenizer_json().dump()));
};

TEST_F(SmallTokenizer, Words) {
  EXPECT_THAT(encode("The cat, THE dog").ids, ElementsAre(kStart, kThe, kCat, 256 + 11, kThe, kDog, kEnd));
  EXPECT_EQ(tokenizer_.start_of_text(), kStart);
  EXPECT_EQ(tokenizer_.end_of_text(), kEnd);
  EXPECT_EQ(tokenizer_.vocabulary_size(), 521u);
}

TEST_F(SmallTokenizer, FramesIds) {
  EXPECT_THAT(tokenizer_.frame({}, 77)->ids, ElementsAre(kStart, kEnd));
  EXPECT_THAT(tokenizer_.frame({kCat, kDog}, 77)->ids, ElementsAre(kStart, kCat, kDog, kEnd));
  EXPECT_THAT(tokenizer_.frame({kStart, kCat, kEnd, 0, 0}, 77)->ids, ElementsAre(kStart, kCat, kEnd));
  EXPECT_THAT(tokenizer_.frame({kCat, 0}, 77)->ids, ElementsAre(kStart, kCat, 0, kEnd)) << "no <end_of_text> before it";
  const auto cut = tokenizer_.frame({kCat, kDog, kThe}, 4);
  EXPECT_THAT(cut->ids, ElementsAre(kStart, kCat, kDog, kEnd));
  EXPECT_EQ(cut->untruncated_length, 5u);
  EXPECT_FALSE(tokenizer_.frame({kCat}, 0).ok());
}

TEST_F(SmallTokenizer, NoText) {
  for (const char* text : {"", " ", "\n\t\u3000", "\x01\x7F", "\uFEFF"})
    EXPECT_THAT(encode(text).ids, ElementsAre(kStart, kEnd));
  EXPECT_THAT(encode(std::string_view("\0", 1)).ids, ElementsAre(kStart, kEnd));
}

TEST_F(SmallTokenizer, SpansSayWhereEachTokenStands) {
  const auto spans = tokenizer_.spans(" The  Cat\u00e9");
  ASSERT_TRUE(spans.ok());
  std::vector<std::string> texts;
  Ids ids;
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  for (const TokenSpan& span : *spans) {
    ids.push_back(span.id);
    texts.push_back(span.text);
    EXPECT_EQ(span.special, span.id == kStart || span.id == kEnd);
    EXPECT_EQ(span.frame, span.special);
    EXPECT_EQ(span.range.has_value(), !span.frame);
    if (span.range) ranges.emplace_back(span.range->begin, span.range->end);
  }
  EXPECT_EQ(ids, encode(" The  Cat\u00e9").ids);
  EXPECT_EQ(texts.front(), "<start_of_text>");
  EXPECT_EQ(texts[1], "the");
  EXPECT_EQ(ranges.front(), std::pair(std::size_t{1}, std::size_t{4}));
  // "caté": its last two tokens are the two bytes of one character.
  EXPECT_EQ(ranges.back(), std::pair(std::size_t{9}, std::size_t{10}));
  EXPECT_EQ(ranges[ranges.size() - 2], ranges.back());
  EXPECT_EQ(texts[texts.size() - 3] + texts[texts.size() - 2], "\u00e9");
}

TEST_F(SmallTokenizer, SpecialTokensOfTheTextAreNotItsFrame) {
  const auto spans = tokenizer_.spans("cat<END_of_text>");
  ASSERT_TRUE(spans.ok());
  ASSERT_EQ(spans->size(), 4u);
  const TokenSpan& found = (*spans)[2];
  EXPECT_EQ(found.id, kEnd);
  EXPECT_TRUE(found.special);
  EXPECT_FALSE(found.frame);
  EXPECT_EQ(found.text, "<end_of_text>");
  ASSERT_TRUE(found.range);
  EXPECT_EQ(std::pair(found.range->begin, found.range->end), std::pair(std::size_t{3}, std::size_t{16}));
  EXPECT_TRUE(spans->back().frame);
}

TEST_F(SmallTokenizer, SpansHaveNoPlaceWhereCleaningChangedTheText) {
  const auto spans = tokenizer_.spans("cat &amp; dog");
  ASSERT_TRUE(spans.ok());
  EXPECT_EQ((*spans)[2].text, "&");
  for (const TokenSpan& span : *spans) EXPECT_FALSE(span.range);
  EXPECT_EQ(tokenizer_.spans("\xff").error().code, ErrorCode::kInvalidText);
}

TEST_F(SmallTokenizer, NulIsDroppedLikeOtherControls) {
  EXPECT_THAT(encode(std::string_view("c\0at", 4)).ids, ElementsAre(kStart, kCat, kEnd));
}

TEST_F(SmallTokenizer, SpecialTokensInTheTextAreRecognised) {
  EXPECT_THAT(encode("cat<end_of_text>dog <START_OF_TEXT>").ids, ElementsAre(kStart, kCat, kEnd, kDog, kStart, kEnd));
  // Those of the vocabulary file are not: OpenCLIP does not know them.
  EXPECT_EQ(encode("<|endoftext|>").ids.size(), 2u + 2 + 8 + 2);  // "do" is a symbol
}

TEST_F(SmallTokenizer, TooLongATextIsCutAndEnded) {
  const TokenizedText whole = encode("cat dog cat dog", 6);
  EXPECT_THAT(whole.ids, ElementsAre(kStart, kCat, kDog, kCat, kDog, kEnd));
  EXPECT_FALSE(whole.truncated());

  const TokenizedText cut = encode("cat dog cat dog", 5);
  EXPECT_THAT(cut.ids, ElementsAre(kStart, kCat, kDog, kCat, kEnd));
  EXPECT_EQ(cut.untruncated_length, 6u);
  EXPECT_TRUE(cut.truncated());

  EXPECT_THAT(encode("cat", 2).ids, ElementsAre(kStart, kEnd));
  EXPECT_THAT(encode("cat", 1).ids, ElementsAre(kEnd));
  EXPECT_EQ(tokenizer_.encode("cat", 0).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(SmallTokenizer, WhatIsNotUtf8IsRefusedWithItsOffset) {
  for (const std::string_view text :
       {"cat \xFF", "cat \xC0\xAF", "cat \xED\xA0\x80", "cat \xF4\x90\x80\x80", "cat \xE2\x82"}) {
    const auto encoded = tokenizer_.encode(text);
    ASSERT_FALSE(encoded.ok());
    EXPECT_EQ(encoded.error().code, ErrorCode::kInvalidText);
    EXPECT_THAT(encoded.error().message, HasSubstr("offset 4"));
  }
}

TEST_F(SmallTokenizer, ThreadsShareIt) {
  const Ids expected = encode("the cat & the dog").ids;
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) wrong[t] += encode("the cat &amp; the dog").ids == expected ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, ElementsAre(0, 0, 0, 0));
}

// Texts of a megabyte that would take minutes to hours if anything were quadratic in a word, a line or a run of marks.
TEST_F(SmallTokenizer, AMegabyteOfAnythingIsNoTrouble) {
  constexpr std::size_t kBytes = 1'000'000;
  struct Case {
    std::string_view unit;
    std::size_t tokens;  // of the whole text, without the specials
  };
  const Case cases[] = {
      {"a", kBytes},
      {"ca", kBytes / 2 + 1},  // the last "a</w>" does not merge
      {"cat ", kBytes / 4},
      {"!", kBytes},
      {"'", kBytes},
      {"&", kBytes},
      {"1", kBytes},
      {" ", 0},
      {"\n", 0},
      {"\x01", 0},
      {"<", kBytes},
      {"\x1B[", kBytes / 2},
      {"&lt", kBytes / 3},
      {"<end_of_text>", kBytes / 13},
      {"Σ", kBytes / 2 * 2},
      {"\u0301\u0327", kBytes / 4 * 4},
      {"Ã©", kBytes / 4 * 2},
      {"Ã©漢", kBytes / 7 * 5},
      {"😀", kBytes / 4 * 4},
  };
  for (const Case& c : cases) {
    std::string text;
    for (std::size_t i = 0; i < kBytes / c.unit.size(); ++i) text += c.unit;
    const TokenizedText encoded = encode(text);
    EXPECT_EQ(encoded.untruncated_length, c.tokens + 2) << c.unit;
    EXPECT_EQ(encoded.ids.size(), std::min<std::size_t>(77, c.tokens + 2)) << c.unit;
  }
}

// The real vocabulary, in each of its forms.
class ClipVocabularyForm : public ::testing::TestWithParam<const char*> {
 protected:
  static void expect_ids(const ClipTokenizer& tokenizer, const Json& expected) {
    const auto text = expected["text"].get<std::string>();
    const auto encoded = tokenizer.encode(text);
    ASSERT_TRUE(encoded.ok()) << encoded.error().message;
    EXPECT_EQ(encoded->ids, expected["ids"].get<Ids>()) << expected["text"];
    if (expected.contains("untruncated_len")) {
      EXPECT_EQ(encoded->untruncated_length, expected["untruncated_len"].get<std::size_t>()) << expected["text"];
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Forms, ClipVocabularyForm,
                         ::testing::Values("clip_tokenizer/tokenizer.json", "clip_tokenizer/vocab.json",
                                           "clip_tokenizer", "bpe_simple_vocab_16e6.txt.gz"));

TEST_P(ClipVocabularyForm, CasesOfOpenClip) {
  REQUIRE_SHARED(vocabulary, std::string("data/") + GetParam());
  REQUIRE_SHARED(cases, "data/clip_tokenizer_cases.json");
  const ClipTokenizer tokenizer = ClipTokenizer::load(vocabulary);
  EXPECT_EQ(tokenizer.vocabulary_size(), 49408u);
  std::ifstream input(cases);
  for (const Json& expected : Json::parse(input)) expect_ids(tokenizer, expected);
}

// Those that need text repair (`needs_ftfy`) included: docs/tokenizer.md.
TEST_P(ClipVocabularyForm, VectorsOfOpenClip) {
  REQUIRE_SHARED(vocabulary, std::string("data/") + GetParam());
  REQUIRE_SHARED(vectors, "data/clip_tokenizer_vectors.jsonl");
  const ClipTokenizer tokenizer = ClipTokenizer::load(vocabulary);
  std::ifstream input(vectors);
  std::size_t count = 0;
  for (std::string line; std::getline(input, line); ++count) {
    const Json expected = Json::parse(line);
    expect_ids(tokenizer, expected);
    if (expected["cleaned"].is_string()) {
      EXPECT_EQ(encode_utf8(clean_clip_text(decode_utf8(expected["text"].get<std::string>()).text)),
                expected["cleaned"].get<std::string>());
    }
  }
  EXPECT_GT(count, 0u);
}

}  // namespace
}  // namespace mobileclip
