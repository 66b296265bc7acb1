// A tokeniser behind the cleaning that sentence-transformers gives a text first.
#pragma once

#include <memory>

#include "engine/tokenizer/tokenizer.h"

namespace mobileclip {

struct TextCleaning {
  bool lower_case = false;  ///< do_lower_case of sentence_bert_config.json
};

/// Takes white space off both ends as Python's str.strip() does, then lower-cases if asked to.
class SentenceTokenizer final : public Tokenizer {
 public:
  SentenceTokenizer(std::unique_ptr<const Tokenizer> tokenizer, TextCleaning cleaning);

  [[nodiscard]] Result<TokenizedText> encode(std::string_view utf8, std::size_t max_length) const override;
  [[nodiscard]] Result<TokenizedText> frame(TokenIds ids, std::size_t max_length) const override;
  /// Ranges count the code points of the text as given, but where lower-casing changed it.
  [[nodiscard]] Result<std::vector<TokenSpan>> spans(std::string_view utf8) const override;
  [[nodiscard]] std::size_t vocabulary_size() const override { return tokenizer_->vocabulary_size(); }

 private:
  std::unique_ptr<const Tokenizer> tokenizer_;
  TextCleaning cleaning_;
};

}  // namespace mobileclip
