// GPT-2's byte-level pieces (openai/gpt-2, src/encoder.py): a character for every byte.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/tokenizer/hf/pre_tokenizer.h"

namespace mobileclip::hf {

class ByteLevel : public PreTokenizer {
 public:
  /// "add_prefix_space": a space before each piece that lacks one; "use_regex": cut by GPT-2's pattern first.
  explicit ByteLevel(const JsonNode& json);
  void apply(CutText& text) const override;

 private:
  bool add_prefix_space_;
  bool use_regex_;
};

/// How many code points of `text`, which is not empty, the first match of GPT-2's pattern takes:
///   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::size_t gpt2_piece_length(std::u32string_view text);

}  // namespace mobileclip::hf
