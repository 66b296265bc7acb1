#include "engine/models/clip_text.h"

#include <algorithm>
#include <cassert>
#include <string>

#include "engine/models/weight_layers.h"
#include "engine/models/weight_scope.h"

namespace mobileclip {
namespace {

AlignedBuffer copy_of(std::span<const float> values) {
  AlignedBuffer buffer(values.size());
  std::ranges::copy(values, buffer.data());
  return buffer;
}

TransformerShape transformer_shape(const TextConfig& config) {
  return {.width = config.width,
          .heads = config.heads,
          .layers = config.layers,
          .mlp_width = config.mlp_width,
          .activation = config.quick_gelu ? Activation::kQuickGelu : Activation::kGelu,
          .layer_norm_eps = config.layer_norm_eps,
          .causal = config.causal,
          .sensitive_layers = config.layers / 4};
}

}  // namespace

ClipTextEncoder::ClipTextEncoder(const TextConfig& config, int embed_dim, const TowerWeights& weights,
                                 TowerArithmetic arithmetic)
    : config_(config),
      token_embedding_(WeightScope(weights, "token_embedding"), "weight"),
      positional_embedding_(copy_of(WeightScope(weights, "")("positional_embedding"))),
      transformer_(transformer_shape(config), kOpenClipBlock, WeightScope(weights, "transformer.resblocks"),
                   arithmetic),
      ln_final_(read_layer_norm(WeightScope(weights, "ln_final"), config.layer_norm_eps)),
      text_projection_(read_projection(WeightScope(weights, ""), "text_projection", embed_dim, config.width)) {}

ClipTextActivations ClipTextEncoder::make_activations(int max_texts) const {
  const auto texts = static_cast<std::size_t>(max_texts);
  return {.max_texts = max_texts,
          .transformer = transformer_.make_activations(max_texts * config_.context_length, max_texts),
          .row_begins = std::vector<int>(texts + 1),
          .pooled_positions = std::vector<int>(texts),
          .embedding = AlignedBuffer(texts * static_cast<std::size_t>(embed_dim()))};
}

std::size_t ClipTextEncoder::scratch_per_worker() const {
  return std::max(transformer_.scratch_per_worker(config_.context_length), text_projection_.scratch_per_worker());
}

/// Under a causal mask nothing before <end_of_text> sees what comes after it, and what comes after it is not pooled:
/// only a text's own rows are made. Without one the padding takes part, as in OpenCLIP.
std::size_t ClipTextEncoder::rows_of(std::span<const std::int32_t> text) const {
  return config_.causal ? text.size() : static_cast<std::size_t>(config_.context_length);
}

/// token_embedding + positional_embedding; positions past the text's end hold token 0.
void ClipTextEncoder::embed(std::span<const std::int32_t> text, Blocked x, int first_row, int rows) const {
  const auto width = static_cast<std::size_t>(config_.width);
  for (int row = 0; row < rows; ++row) {
    const auto position = static_cast<std::size_t>(row);
    const std::size_t id = position < text.size() ? static_cast<std::size_t>(text[position]) : 0;
    const float* where = positional_embedding_.data() + position * width;
    for (int b = 0; b < x.blocks(); ++b, where += kChannelBlock) {
      float* const to = x.block(b) + (first_row + row) * kChannelBlock;
      token_embedding_.read(id, static_cast<std::size_t>(b * kChannelBlock), {to, kChannelBlock});
      for (int c = 0; c < kChannelBlock; ++c) to[c] += where[c];
    }
  }
}

void ClipTextEncoder::forward(const Context& context, ClipTextActivations& activations,
                              std::span<const std::span<const std::int32_t>> texts, std::span<float> embeddings,
                              const StageObserver& observe) const {
  const std::size_t count = texts.size();
  const auto dim = static_cast<std::size_t>(embed_dim());
  assert(static_cast<int>(count) <= activations.max_texts && embeddings.size() == dim * count);
  const PooledSequences sequences{.row_begins = std::span(activations.row_begins).first(count + 1),
                                  .positions = std::span(activations.pooled_positions).first(count)};
  for (std::size_t t = 0; t < count; ++t) {
    activations.row_begins[t + 1] = activations.row_begins[t] + static_cast<int>(rows_of(texts[t]));
    activations.pooled_positions[t] = static_cast<int>(texts[t].size()) - 1;
  }
  const Blocked x = transformer_.input(activations.transformer, sequences.rows());  // [width][rows of all texts]
  for (std::size_t t = 0; t < count; ++t) {
    embed(texts[t], x, sequences.row_begins[t], sequences.row_begins[t + 1] - sequences.row_begins[t]);
  }
  const auto observe_block = [&](int block, Blocked output) {
    if (observe) observe("resblocks." + std::to_string(block), output);
  };
  const Blocked pooled = transformer_.forward(context, activations.transformer, sequences, observe_block);
  const Blocked projected{
      .data = activations.embedding.data(), .channels = embed_dim(), .rows = static_cast<int>(count)};
  ln_final_.forward(context, pooled, pooled);
  text_projection_.forward(context, pooled, projected);
  for (std::size_t t = 0; t < count; ++t) {
    for (std::size_t c = 0; c < dim; ++c) {
      embeddings[t * dim + c] =
          projected.block(static_cast<int>(c) / kChannelBlock)[t * kChannelBlock + c % kChannelBlock];
    }
  }
}

}  // namespace mobileclip
