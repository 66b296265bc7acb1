// The "model" of a tokenizer.json: from a piece of text to token ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/bpe.h"
#include "engine/tokenizer/vocabulary_json.h"

namespace mobileclip::hf {

/// A token of a piece, and the code points [begin, end) of the piece it stands for.
struct PieceToken {
  std::int32_t id;
  std::size_t begin, end;
  bool operator==(const PieceToken&) const = default;
};

/// Buffers that models reuse from piece to piece. One thread at a time.
struct ModelWorkspace {
  // Byte-pair encoding: a piece's symbols, where each ends in the piece, and merging them.
  std::vector<std::int32_t> symbols;
  std::vector<std::size_t> symbol_ends;
  BpeWorkspace merging;

  // Unigram: the best way to each place of a piece.
  struct Arrival {
    double score;
    std::int32_t id;    ///< of its last token; -1 where nothing arrives
    std::size_t begin;  ///< of its last token
  };
  std::vector<Arrival> arrivals;
};

/// Immutable, thread-safe, each thread with its own workspace.
class TokenModel {
 public:
  explicit TokenModel(VocabularyIds ids);
  virtual ~TokenModel() = default;

  /// Appends the tokens of a piece, which is not empty. At most O(n log n).
  virtual void encode(std::u32string_view piece, ModelWorkspace& workspace, std::vector<PieceToken>& tokens) const = 0;

  [[nodiscard]] std::optional<std::int32_t> id_of(const std::string& token) const;
  /// The highest id plus one.
  [[nodiscard]] std::size_t size() const { return size_; }

 protected:
  [[nodiscard]] const VocabularyIds& ids() const { return ids_; }
  /// Ids of "<0x00>" to "<0xFF>", which stand for bytes of what has no token. Empty where one is missing.
  [[nodiscard]] std::vector<std::int32_t> byte_fallback_ids() const;

 private:
  VocabularyIds ids_;
  std::size_t size_;
};

/// Throws LoadError where `json` is not one, or is of a type that we do not know.
std::unique_ptr<const TokenModel> parse_token_model(const JsonNode& json);

}  // namespace mobileclip::hf
