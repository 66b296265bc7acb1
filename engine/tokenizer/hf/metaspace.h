// SentencePiece's words: spaces become a visible character, and words begin with it.
#pragma once

#include "engine/tokenizer/hf/pre_tokenizer.h"

namespace mobileclip::hf {

class Metaspace : public PreTokenizer {
 public:
  /// "replacement"; "prepend_scheme" or, in files before 2023, "add_prefix_space"; "split".
  explicit Metaspace(const JsonNode& json);
  void apply(CutText& text) const override;

 private:
  enum class PrependScheme { kAlways, kFirst, kNever };
  static PrependScheme parse_scheme(const JsonNode& json);

  char32_t replacement_;
  PrependScheme scheme_;
  bool split_;
};

}  // namespace mobileclip::hf
