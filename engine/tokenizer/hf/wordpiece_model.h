// WordPiece: a word is the longest token that begins it, then the longest that goes on, and so forth, or unknown.
#pragma once

#include "engine/tokenizer/hf/code_point_trie.h"
#include "engine/tokenizer/hf/token_model.h"

namespace mobileclip::hf {

class WordPieceModel : public TokenModel {
 public:
  /// "vocab", which has the token for unknown words, "unk_token", "continuing_subword_prefix",
  /// "max_input_chars_per_word": longer words are unknown.
  explicit WordPieceModel(const JsonNode& json);

  void encode(std::u32string_view piece, ModelWorkspace& workspace, std::vector<PieceToken>& tokens) const override;

 private:
  std::int32_t unknown_;
  std::size_t max_word_length_;
  CodePointTrie beginnings_;     // all tokens
  CodePointTrie continuations_;  // those with the prefix, without it
};

}  // namespace mobileclip::hf
