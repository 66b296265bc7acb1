// The tables that a text encoder looks its tokens up in.
#pragma once

#include <optional>
#include <span>

#include "engine/models/encoders/encoder_config.h"
#include "engine/models/encoders/token_encoder.h"
#include "engine/models/weight_scope.h"
#include "engine/tensor/aligned_buffer.h"

namespace mobileclip {

/// One table; rows are looked up by index. Copies the weights.
class TokenTable {
 public:
  TokenTable() = default;
  TokenTable(std::span<const float> weight, int width);

  [[nodiscard]] int width() const { return width_; }
  /// Adds row `index` to row `row` of x; or, set, makes it that, and what fills x's channels up zero.
  void add(int index, Blocked x, int row) const;
  void set(int index, Blocked x, int row) const;

 private:
  [[nodiscard]] const float* row_of(int index) const;

  AlignedBuffer weight_;  // [rows][width]
  int width_ = 0;
};

/// Word, position and token type embeddings, of which a model may lack the latter two.
class TextEmbeddings {
 public:
  /// `embeddings` is the scope of that name; `after` is how wide positions and types are.
  TextEmbeddings(const EmbeddingsConfig& config, const WeightScope& embeddings, int after);

  /// x = the words' rows
  void set_words(const TokenBatch& batch, Blocked x) const;
  /// x += the positions' and types' rows
  void add_positions_and_types(const TokenBatch& batch, Blocked x) const;

 private:
  std::optional<int> padding_id_;
  TokenTable words_;
  std::optional<TokenTable> positions_;
  std::optional<TokenTable> types_;
};

}  // namespace mobileclip
