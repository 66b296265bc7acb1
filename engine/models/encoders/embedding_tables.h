// The tables that a text encoder looks its tokens up in.
#pragma once

#include <optional>
#include <string_view>

#include "engine/models/embedding_table.h"
#include "engine/models/encoders/encoder_config.h"
#include "engine/models/encoders/token_encoder.h"
#include "engine/models/weight_scope.h"
#include "engine/tensor/blocked.h"

namespace mobileclip {

/// One table; rows are looked up by index. Copies the weights.
class TokenTable {
 public:
  /// The scope's tensor `leaf`, [rows, width].
  TokenTable(const WeightScope& scope, std::string_view leaf) : table_(scope, leaf) {}

  [[nodiscard]] int width() const { return static_cast<int>(table_.width()); }
  /// Adds row `index` to row `row` of x; or, set, makes it that, and what fills x's channels up zero.
  void add(int index, Blocked x, int row) const;
  void set(int index, Blocked x, int row) const;

 private:
  EmbeddingTable table_;
};

/// Word, position and token type embeddings, of which a model may lack the latter two.
class TextEmbeddings {
 public:
  /// `embeddings` is the scope of that name.
  TextEmbeddings(const EmbeddingsConfig& config, const WeightScope& embeddings);

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
