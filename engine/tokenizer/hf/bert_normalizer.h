// BERT's text cleaning (google-research/bert, tokenization.py), as Hugging Face's tokenizers do it.
#pragma once

#include "engine/tokenizer/hf/normalizer.h"

namespace mobileclip::hf {

struct BertNormalizerOptions {
  bool clean_text = true;            ///< without control characters; white space becomes a space
  bool handle_chinese_chars = true;  ///< spaces around ideographs
  bool strip_accents = true;         ///< NFD, without nonspacing marks
  bool lowercase = true;
};

class BertNormalizer : public Normalizer {
 public:
  explicit BertNormalizer(const BertNormalizerOptions& options) : options_(options) {}
  /// "strip_accents": null means as "lowercase" says.
  explicit BertNormalizer(const JsonNode& json);
  void apply(AlignedText& text) const override;

 private:
  BertNormalizerOptions options_;
};

}  // namespace mobileclip::hf
