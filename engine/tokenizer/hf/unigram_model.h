// SentencePiece's unigram language model: of all ways to cut a piece into tokens, the likeliest.
#pragma once

#include "engine/tokenizer/hf/code_point_trie.h"
#include "engine/tokenizer/hf/token_model.h"

namespace mobileclip::hf {

class UnigramModel : public TokenModel {
 public:
  /// "vocab": tokens with the logarithms of their probabilities; "unk_id"; "byte_fallback".
  explicit UnigramModel(const JsonNode& json);

  /// Viterbi's algorithm. Of equally likely ways the one found first stays, ends being tried from left to right, then
  /// lengths from short to long (Hugging Face's encode_optimized).
  void encode(std::u32string_view piece, ModelWorkspace& workspace, std::vector<PieceToken>& tokens) const override;

 private:
  struct Vocabulary;
  explicit UnigramModel(const JsonNode& json, Vocabulary vocabulary);

  void append_unknown(std::u32string_view piece, std::size_t begin, std::size_t end,
                      std::vector<PieceToken>& tokens) const;

  std::vector<double> scores_;  // by id
  std::int32_t unknown_;
  double unknown_score_;  // of one character
  CodePointTrie trie_;
  std::vector<std::int32_t> byte_ids_;  // empty without byte fallback
};

}  // namespace mobileclip::hf
