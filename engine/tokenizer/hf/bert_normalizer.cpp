#include "engine/tokenizer/hf/bert_normalizer.h"

#include <utility>

#include "engine/tokenizer/hf/characters.h"
#include "engine/tokenizer/hf/unicode_normalizers.h"

namespace mobileclip::hf {
namespace {

void clean(AlignedText& text) {
  constexpr char32_t kReplacementCharacter = 0xFFFD;
  AlignedText cleaned;
  cleaned.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text.text[i];
    if (c == kReplacementCharacter || is_control(c)) continue;
    cleaned.push_back(is_white_space(c) ? U' ' : c, text.sources[i]);
  }
  text = std::move(cleaned);
}

void set_ideographs_apart(AlignedText& text) {
  AlignedText apart;
  apart.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool ideograph = is_cjk_ideograph(text.text[i]);
    if (ideograph) apart.push_back(U' ', text.place_before(i));
    apart.push_back(text.text[i], text.sources[i]);
    if (ideograph) apart.push_back(U' ', {text.sources[i].end, text.sources[i].end});
  }
  text = std::move(apart);
}

}  // namespace

BertNormalizer::BertNormalizer(const JsonNode& json)
    : clean_text_(json.boolean_or("clean_text", true)),
      handle_chinese_chars_(json.boolean_or("handle_chinese_chars", true)),
      lowercase_(json.boolean_or("lowercase", true)),
      strip_accents_(json.boolean_or("strip_accents", lowercase_)) {}

void BertNormalizer::apply(AlignedText& text) const {
  if (clean_text_) clean(text);
  if (handle_chinese_chars_) set_ideographs_apart(text);
  if (strip_accents_) {
    normalize(UnicodeForm::kNfd, text);
    remove_if(text, is_nonspacing_mark);
  }
  if (lowercase_) lower(text);
}

}  // namespace mobileclip::hf
