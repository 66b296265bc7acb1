#include "engine/models/encoders/sentence_tokenizer.h"

#include <gtest/gtest.h>

#include "engine/tokenizer/utf8.h"

namespace mobileclip {
namespace {

/// A token a code point.
class CodePoints final : public Tokenizer {
 public:
  [[nodiscard]] Result<TokenizedText> encode(std::string_view utf8, std::size_t max_length) const override {
    TokenizedText text{.ids = {}, .untruncated_length = 0};
    for (const char32_t c : decode_utf8(utf8).text) {
      if (++text.untruncated_length <= max_length) text.ids.push_back(static_cast<std::int32_t>(c));
    }
    return text;
  }
  [[nodiscard]] Result<TokenizedText> frame(TokenIds ids, std::size_t /*max_length*/) const override {
    return TokenizedText{.ids = ids, .untruncated_length = ids.size()};
  }
  [[nodiscard]] Result<std::vector<TokenSpan>> spans(std::string_view utf8) const override {
    std::vector<TokenSpan> spans;
    std::size_t at = 0;
    for (const char32_t c : decode_utf8(utf8).text) {
      spans.push_back({.id = static_cast<std::int32_t>(c),
                       .special = false,
                       .frame = false,
                       .text = "",
                       .range = TokenSpan::Range{.begin = at, .end = at + 1}});
      ++at;
    }
    return spans;
  }
  [[nodiscard]] std::size_t vocabulary_size() const override { return 0x110000; }
};

std::string cleaned(std::string_view text, TextCleaning cleaning) {
  const SentenceTokenizer tokenizer(std::make_unique<CodePoints>(), cleaning);
  std::string out;
  const Result<TokenizedText> tokens = tokenizer.encode(text, 100);
  for (const std::int32_t id : tokens->ids) append_utf8(out, static_cast<char32_t>(id));
  return out;
}

TEST(SentenceTokenizer, StripsWhatPythonCallsWhiteSpace) {
  EXPECT_EQ(cleaned(" \t\n\u2003a  b\u00A0\u3000", {}), "a  b");
  EXPECT_EQ(cleaned("   ", {}), "");
  EXPECT_EQ(cleaned("\u200Ba", {}), "\u200Ba") << "no white space for Python";
}

TEST(SentenceTokenizer, LowersWhereAskedTo) {
  EXPECT_EQ(cleaned(" ÀB ", {}), "ÀB");
  EXPECT_EQ(cleaned(" ÀB ", {.lower_case = true}), "àb");
}

TEST(SentenceTokenizer, RangesCountTheTextAsGiven) {
  const SentenceTokenizer tokenizer(std::make_unique<CodePoints>(), {});
  const auto spans = tokenizer.spans("  ab ");
  ASSERT_EQ(spans->size(), 2);
  EXPECT_EQ((*spans)[0].range->begin, 2);
  EXPECT_EQ((*spans)[1].range->end, 4);
  const SentenceTokenizer lowering(std::make_unique<CodePoints>(), {.lower_case = true});
  const auto lowered = lowering.spans("\u0130");
  EXPECT_EQ((*lowered)[0].range, std::nullopt) << "two code points in lower case";
}

}  // namespace
}  // namespace mobileclip
