// BERT's text cleaning (google-research/bert, tokenization.py), as Hugging Face's tokenizers do it.
#pragma once

#include "engine/tokenizer/hf/normalizer.h"

namespace mobileclip::hf {

class BertNormalizer : public Normalizer {
 public:
  /// "clean_text": without control characters, white space becoming a space; "handle_chinese_chars": spaces around
  /// ideographs; "strip_accents": NFD, without nonspacing marks, where null means as the next says; "lowercase".
  explicit BertNormalizer(const JsonNode& json);
  void apply(AlignedText& text) const override;

 private:
  bool clean_text_;
  bool handle_chinese_chars_;
  bool lowercase_;
  bool strip_accents_;
};

}  // namespace mobileclip::hf
