#include "engine/models/encoders/modern_bert.h"

#include <algorithm>
#include <cmath>

#include "engine/models/encoders/token_buffer.h"
#include "engine/models/weight_layers.h"
#include "engine/nn/most_scratch.h"

namespace mobileclip {

struct ModernBertEncoder::Activations final : TokenActivations {
  TokenBuffer x;       // the residual stream
  TokenBuffer normed;  // after a norm
  TokenBuffer qkv;
};

ModernBertEncoder::ModernBertEncoder(const ModernBertConfig& config, const TowerWeights& weights,
                                     TowerArithmetic arithmetic, int max_tokens)
    : config_(config),
      max_tokens_(max_tokens),
      words_(WeightScope(weights, "embeddings"), "tok_embeddings.weight"),
      embeddings_norm_(read_layer_norm(WeightScope(weights, "embeddings.norm"), config.norm_eps)),
      global_positions_(config.heads, config.hidden_size / config.heads, config.global_theta, max_tokens),
      local_positions_(config.heads, config.hidden_size / config.heads, config.local_theta, max_tokens),
      final_norm_(read_layer_norm(WeightScope(weights, "final_norm"), config.norm_eps)) {
  const WeightScope layers(weights, "layers");
  for (std::size_t i = 0; i < config.is_local.size(); ++i) {
    const bool sensitive = i < config.is_local.size() / 4;
    layers_.push_back(
        build_layer(layers / static_cast<int>(i), i, sensitive ? TowerArithmetic{arithmetic.sensitive} : arithmetic));
  }
}

ModernBertEncoder::Layer ModernBertEncoder::build_layer(const WeightScope& w, std::size_t index,
                                                        TowerArithmetic arithmetic) const {
  const Channels hidden = hidden_channels();
  const Channels heads = head_channels();
  const Channels intermediate{.size = config_.intermediate_size};
  const Channels halves{.groups = 2, .size = config_.intermediate_size};
  const Channels queries_keys_values{.groups = 3 * config_.heads, .size = heads.size};
  Layer layer{.attn_norm = std::nullopt,
              .qkv = read_padded_linear(w / "attn.Wqkv", queries_keys_values, hidden, arithmetic.usual),
              .attention_output = read_padded_linear(w / "attn.Wo", hidden, heads, arithmetic.sensitive),
              .mlp_norm = read_layer_norm(w / "mlp_norm", config_.norm_eps),
              .mlp = GatedMlp(read_padded_linear(w / "mlp.Wi", halves, hidden, arithmetic.usual),
                              read_padded_linear(w / "mlp.Wo", hidden, intermediate, arithmetic.usual),
                              config_.hidden_activation),
              .is_local = config_.is_local[index]};
  if (index > 0) layer.attn_norm = read_layer_norm(w / "attn_norm", config_.norm_eps);
  return layer;
}

std::unique_ptr<TokenActivations> ModernBertEncoder::make_activations(int max_rows) const {
  auto a = std::make_unique<Activations>();
  a->x = TokenBuffer(hidden_channels().padded(), max_rows);
  a->normed = TokenBuffer(hidden_channels().padded(), max_rows);
  a->qkv = TokenBuffer(3 * head_channels().padded(), max_rows);
  return a;
}

SelfAttentionShape ModernBertEncoder::attention_shape(bool is_local, std::span<const int> row_begins) const {
  const Channels heads = head_channels();
  SelfAttentionShape shape{.heads = config_.heads,
                           .head_dim = heads.padded_size(),
                           .scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(heads.size))),
                           .row_begins = row_begins};
  if (is_local) shape.window = config_.window;
  return shape;
}

std::size_t ModernBertEncoder::scratch_per_worker() const {
  std::size_t floats = self_attention_scratch_per_worker(attention_shape(false, {}), max_tokens_);
  for (const Layer& layer : layers_) floats = most_scratch(floats, layer.qkv, layer.attention_output, layer.mlp);
  return floats;
}

Blocked ModernBertEncoder::forward(const Context& context, TokenActivations& activations, const TokenBatch& batch,
                                   const StageObserver& observe) const {
  auto& a = static_cast<Activations&>(activations);
  const int rows = batch.rows();
  const Blocked x = a.x.view(rows);
  const Blocked normed = a.normed.view(rows);
  const Blocked qkv = a.qkv.view(rows);
  const auto part = [&](int index) {
    const int channels = head_channels().padded();
    return Blocked{.data = qkv.block(index * channels / kChannelBlock), .channels = channels, .rows = rows};
  };
  const Blocked query = part(0);
  const Blocked key = part(1);
  const Blocked value = part(2);

  for (int row = 0; row < rows; ++row) words_.set(batch.ids[static_cast<std::size_t>(row)], x, row);
  embeddings_norm_.forward(context, x, x);
  if (observe) observe(x);

  for (const Layer& layer : layers_) {
    // x = x + Wo(attention(attn_norm(x)))
    if (layer.attn_norm) layer.attn_norm->forward(context, x, normed);
    layer.qkv.forward(context, layer.attn_norm ? normed : x, qkv);
    const RotaryEmbedding& positions = layer.is_local ? local_positions_ : global_positions_;
    positions.forward(context, batch.row_begins, query);
    positions.forward(context, batch.row_begins, key);
    self_attention(context, attention_shape(layer.is_local, batch.row_begins), query, key, value, query);
    layer.attention_output.forward(context, query, x, {.residual = x.data});
    // x = x + mlp(mlp_norm(x))
    layer.mlp_norm.forward(context, x, normed);
    layer.mlp.forward(context, normed, x, x.data);
    if (observe) observe(x);
  }
  final_norm_.forward(context, x, x);
  return x;
}

}  // namespace mobileclip
