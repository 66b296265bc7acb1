#include "engine/models/encoders/sentence_tokenizer.h"

#include <utility>

#include "engine/tokenizer/unicode.h"
#include "engine/tokenizer/utf8.h"

namespace mobileclip {
namespace {

struct CleanText {
  std::string utf8;
  std::size_t removed = 0;  ///< code points taken off the front
  bool is_shifted = false;  ///< lower-casing changed how many code points there are
};

/// What is not UTF-8 stays as it is: the tokeniser says so.
CleanText clean(std::string_view utf8, TextCleaning cleaning) {
  const DecodedUtf8 decoded = decode_utf8(utf8);
  if (decoded.valid_bytes != utf8.size()) return {.utf8 = std::string(utf8)};
  std::u32string_view text = decoded.text;
  CleanText result;
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
    ++result.removed;
  }
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (!cleaning.lower_case) {
    result.utf8 = encode_utf8(text);
    return result;
  }
  const std::u32string lower = to_lower(text);
  result.is_shifted = lower.size() != text.size();
  result.utf8 = encode_utf8(lower);
  return result;
}

}  // namespace

SentenceTokenizer::SentenceTokenizer(std::unique_ptr<const Tokenizer> tokenizer, TextCleaning cleaning)
    : tokenizer_(std::move(tokenizer)), cleaning_(cleaning) {}

Result<TokenizedText> SentenceTokenizer::encode(std::string_view utf8, std::size_t max_length) const {
  return tokenizer_->encode(clean(utf8, cleaning_).utf8, max_length);
}

Result<TokenizedText> SentenceTokenizer::frame(TokenIds ids, std::size_t max_length) const {
  return tokenizer_->frame(std::move(ids), max_length);
}

Result<std::vector<TokenSpan>> SentenceTokenizer::spans(std::string_view utf8) const {
  const CleanText text = clean(utf8, cleaning_);
  Result<std::vector<TokenSpan>> spans = tokenizer_->spans(text.utf8);
  if (!spans) return spans;
  for (TokenSpan& span : *spans) {
    if (!span.range) continue;
    if (text.is_shifted) {
      span.range.reset();
    } else {
      span.range->begin += text.removed;
      span.range->end += text.removed;
    }
  }
  return spans;
}

}  // namespace mobileclip
