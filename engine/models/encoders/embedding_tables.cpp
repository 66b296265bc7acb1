#include "engine/models/encoders/embedding_tables.h"

#include <algorithm>

namespace mobileclip {

namespace {

/// Calls take(to, values) for each block of x's row: where it is, and as many values as the table has for it.
template <typename Take>
void for_each_block(const EmbeddingTable& table, int index, Blocked x, int row, const Take& take) {
  const int width = static_cast<int>(table.width());
  for (int b = 0; b < x.blocks(); ++b) {
    float room[kChannelBlock];
    const auto count = static_cast<std::size_t>(std::clamp(width - b * kChannelBlock, 0, kChannelBlock));
    const std::span<float> values(room, count);
    if (count > 0) table.read(static_cast<std::size_t>(index), static_cast<std::size_t>(b * kChannelBlock), values);
    take(x.block(b) + row * kChannelBlock, values);
  }
}

}  // namespace

void TokenTable::add(int index, Blocked x, int row) const {
  for_each_block(table_, index, x, row, [](float* to, std::span<const float> values) {
    for (const float v : values) *to++ += v;
  });
}

void TokenTable::set(int index, Blocked x, int row) const {
  for_each_block(table_, index, x, row, [](float* to, std::span<const float> values) {
    std::fill(std::ranges::copy(values, to).out, to + kChannelBlock, 0.0F);
  });
}

TextEmbeddings::TextEmbeddings(const EmbeddingsConfig& config, const WeightScope& embeddings)
    : padding_id_(config.padding_id), words_(embeddings, "word_embeddings.weight") {
  if (config.has_positions) positions_.emplace(embeddings, "position_embeddings.weight");
  if (config.token_types > 0) types_.emplace(embeddings, "token_type_embeddings.weight");
}

void TextEmbeddings::set_words(const TokenBatch& batch, Blocked x) const {
  for (int row = 0; row < batch.rows(); ++row) words_.set(batch.ids[static_cast<std::size_t>(row)], x, row);
}

void TextEmbeddings::add_positions_and_types(const TokenBatch& batch, Blocked x) const {
  for (std::size_t text = 0; text + 1 < batch.row_begins.size(); ++text) {
    int position = padding_id_ ? *padding_id_ + 1 : 0;
    for (int row = batch.row_begins[text]; row < batch.row_begins[text + 1]; ++row) {
      const auto at = static_cast<std::size_t>(row);
      const bool is_padding = padding_id_ && batch.ids[at] == *padding_id_;
      if (positions_) positions_->add(is_padding ? *padding_id_ : position, x, row);
      if (!is_padding) ++position;
      // Row 0 is added even where a model knows no other type.
      if (types_) types_->add(batch.types.empty() ? 0 : batch.types[at], x, row);
    }
  }
}

}  // namespace mobileclip
