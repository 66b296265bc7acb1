#include "engine/models/encoders/embedding_tables.h"

#include <algorithm>

namespace mobileclip {

TokenTable::TokenTable(std::span<const float> weight, int width) : weight_(weight.size()), width_(width) {
  std::ranges::copy(weight, weight_.data());
}

const float* TokenTable::row_of(int index) const {
  return weight_.data() + static_cast<std::size_t>(index) * static_cast<std::size_t>(width_);
}

void TokenTable::add(int index, Blocked x, int row) const {
  const float* from = row_of(index);
  for (int c = 0; c < width_; ++c) x.block(c / kChannelBlock)[row * kChannelBlock + c % kChannelBlock] += from[c];
}

void TokenTable::set(int index, Blocked x, int row) const {
  const float* from = row_of(index);
  for (int b = 0; b < x.blocks(); ++b) {
    float* to = x.block(b) + row * kChannelBlock;
    const int count = std::clamp(width_ - b * kChannelBlock, 0, kChannelBlock);
    std::copy_n(from + b * kChannelBlock, count, to);
    std::fill(to + count, to + kChannelBlock, 0.0F);
  }
}

TextEmbeddings::TextEmbeddings(const EmbeddingsConfig& config, const WeightScope& embeddings, int after)
    : padding_id_(config.padding_id), words_(embeddings("word_embeddings.weight"), config.width) {
  if (config.has_positions) positions_.emplace(embeddings("position_embeddings.weight"), after);
  if (config.token_types > 0) types_.emplace(embeddings("token_type_embeddings.weight"), after);
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
