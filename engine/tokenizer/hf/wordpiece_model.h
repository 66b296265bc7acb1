// WordPiece: a word is the longest token that begins it, then the longest that goes on, and so forth, or unknown.
#pragma once

#include "engine/tokenizer/hf/code_point_trie.h"
#include "engine/tokenizer/hf/token_model.h"

namespace mobileclip::hf {

struct WordPieceOptions {
  std::string unk_token = "[UNK]";
  std::string continuing_subword_prefix = "##";
  std::size_t max_input_chars_per_word = 100;  ///< longer words are unknown
};

class WordPieceModel : public TokenModel {
 public:
  explicit WordPieceModel(const JsonNode& json);
  /// `where` names the vocabulary in errors. Throws LoadError where it lacks the token for unknown words.
  WordPieceModel(VocabularyIds ids, const WordPieceOptions& options, const JsonNode& where);

  void encode(std::u32string_view piece, ModelWorkspace& workspace, std::vector<PieceToken>& tokens) const override;

 private:
  std::int32_t unknown_;
  std::size_t max_word_length_;
  CodePointTrie beginnings_;     // all tokens
  CodePointTrie continuations_;  // those with the prefix, without it
};

}  // namespace mobileclip::hf
