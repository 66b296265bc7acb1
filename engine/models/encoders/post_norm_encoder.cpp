#include "engine/models/encoders/post_norm_encoder.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "engine/models/encoders/relative_positions.h"
#include "engine/models/encoders/row_norm.h"
#include "engine/models/encoders/token_buffer.h"
#include "engine/models/weight_layers.h"
#include "engine/nn/most_scratch.h"

namespace mobileclip {
namespace {

/// 1 / sqrt(d), where DeBERTa counts d once for each kind of scores that it adds up.
float score_scale(const PostNormConfig& config) {
  const auto* const disentangled = std::get_if<DisentangledAttention>(&config.attention);
  const int kinds = disentangled ? 1 + disentangled->kinds : 1;
  return static_cast<float>(1.0 / std::sqrt(static_cast<double>(config.hidden_size / config.heads * kinds)));
}

/// DeBERTa's table of relative positions as its layers read it; empty for others.
std::vector<float> relative_positions(const PostNormConfig& config, const WeightScope& encoder) {
  const auto* const disentangled = std::get_if<DisentangledAttention>(&config.attention);
  if (!disentangled || disentangled->span == 0) return {};
  const std::span<const float> stored = encoder("rel_embeddings.weight");
  std::vector<float> table(stored.begin(), stored.end());
  if (disentangled->norms_table) {
    const WeightScope norm = encoder / "LayerNorm";
    normalize_rows(table, norm("weight"), norm("bias"), config.layer_norm_eps);
  }
  return table;
}

struct Projection {
  std::vector<float> weight;
  std::vector<float> bias;  // empty: none
};

/// Of DeBERTa v1's in_proj, whose rows are each head's queries, keys and values in turn.
Projection deinterleave(const WeightScope& self, int part, const char* bias, int heads, int width) {
  const std::span<const float> in_proj = self("in_proj.weight");
  const auto head_rows = static_cast<std::size_t>(width / heads) * static_cast<std::size_t>(width);
  Projection projection;
  for (std::size_t head = 0; head < static_cast<std::size_t>(heads); ++head) {
    const auto rows = in_proj.subspan((3 * head + static_cast<std::size_t>(part)) * head_rows, head_rows);
    projection.weight.insert(projection.weight.end(), rows.begin(), rows.end());
  }
  if (bias) projection.bias.assign(self(bias).begin(), self(bias).end());
  return projection;
}

}  // namespace

struct PostNormEncoder::Activations final : TokenActivations {
  TokenBuffer embedded;  // before embed_proj
  TokenBuffer x;         // the residual stream
  TokenBuffer y;         // what replaces it
  TokenBuffer query;     // then attention's output
  TokenBuffer key;
  TokenBuffer value;
  TokenBuffer hidden;   // between the MLP's layers, of a few rows
  TokenBuffer windows;  // of the convolution
};

PostNormEncoder::PostNormEncoder(const PostNormConfig& config, const TowerWeights& weights, TowerArithmetic arithmetic,
                                 int max_tokens)
    : config_(config),
      max_tokens_(max_tokens),
      embeddings_(config.embeddings, WeightScope(weights, "embeddings")),
      embeddings_norm_(read_layer_norm(WeightScope(weights, "embeddings.LayerNorm"), config.layer_norm_eps)) {
  const WeightScope encoder(weights, "encoder");
  if (config.embeddings.width != config.hidden_size) {
    embed_proj_ = read_padded_linear(WeightScope(weights, "embeddings.embed_proj"), hidden_channels(),
                                     {.size = config.embeddings.width}, arithmetic.usual);
  }
  if (const auto* const bias = std::get_if<RelativeBiasAttention>(&config.attention)) {
    relative_bias_ =
        std::make_unique<RelativeBias>(*bias, config.heads, encoder("relative_attention_bias.weight"), max_tokens);
  }
  const std::vector<float> relative = relative_positions(config, encoder);
  const WeightScope layers(weights, std::string(config.names.layers));
  for (int i = 0; i < config.layers; ++i) {
    const bool sensitive = i < config.layers / 4;
    layers_.push_back(
        build_layer(layers / i, relative, sensitive ? TowerArithmetic{arithmetic.sensitive} : arithmetic));
  }
  if (config.conv) {
    conv_.emplace(*config.conv, config.hidden_size, encoder / "conv", config.layer_norm_eps, arithmetic.usual);
  }
}

PostNormEncoder::Layer PostNormEncoder::build_layer(const WeightScope& w, std::span<const float> relative,
                                                    TowerArithmetic arithmetic) const {
  const PostNormNames& names = config_.names;
  const Channels hidden = hidden_channels();
  const Channels heads = head_channels();
  const Channels intermediate{.size = config_.intermediate_size};
  const auto* const disentangled = std::get_if<DisentangledAttention>(&config_.attention);
  const WeightScope self = w / "attention.self";
  const auto projection = [&](int part, std::string_view name, const char* v1_bias) {
    if (!disentangled || !disentangled->interleaved)
      return read_padded_linear(w / name, heads, hidden, arithmetic.usual);
    const Projection own = deinterleave(self, part, v1_bias, config_.heads, config_.hidden_size);
    return padded_linear(own.weight, own.bias, heads, hidden, arithmetic.usual);
  };
  Layer layer{
      .query = projection(0, names.query, "q_bias"),
      .key = projection(1, names.key, nullptr),
      .value = projection(2, names.value, "v_bias"),
      .relative_positions = nullptr,
      .attention_output = read_padded_linear(w / names.attention_output, hidden, heads, arithmetic.sensitive),
      .attention_norm = read_layer_norm(w / names.attention_norm, config_.layer_norm_eps),
      .mlp = Mlp(read_padded_linear(w / names.up, intermediate, hidden, arithmetic.usual),
                 read_padded_linear(w / names.down, hidden, intermediate, arithmetic.usual), config_.hidden_act),
      .output_norm = read_layer_norm(w / names.output_norm, config_.layer_norm_eps)};
  if (disentangled && (disentangled->content_to_position || disentangled->position_to_content)) {
    layer.relative_positions = std::make_unique<DisentangledScores>(
        *disentangled,
        DisentangledScores::Sizes{
            .heads = config_.heads, .head_dim = heads.size, .scale = score_scale(config_), .max_tokens = max_tokens_},
        relative, self);
  }
  return layer;
}

std::unique_ptr<TokenActivations> PostNormEncoder::make_activations(int max_rows) const {
  auto a = std::make_unique<Activations>();
  const int hidden = hidden_channels().padded();
  if (embed_proj_) a->embedded = TokenBuffer(embed_proj_->in_channels(), max_rows);
  a->x = TokenBuffer(hidden, max_rows);
  a->y = TokenBuffer(hidden, max_rows);
  for (TokenBuffer* part : {&a->query, &a->key, &a->value}) *part = TokenBuffer(head_channels().padded(), max_rows);
  a->hidden = TokenBuffer(layers_.front().mlp.hidden_channels(), std::min(max_rows, Mlp::unfused_rows()));
  if (conv_) a->windows = TokenBuffer(conv_->window_channels(), max_rows);
  return a;
}

SelfAttentionShape PostNormEncoder::attention_shape(const Layer& layer, std::span<const int> row_begins) const {
  return {.heads = config_.heads,
          .head_dim = head_channels().padded_size(),
          .scale = score_scale(config_),
          .row_begins = row_begins,
          .bias = layer.relative_positions ? layer.relative_positions.get() : relative_bias_.get()};
}

std::size_t PostNormEncoder::scratch_per_worker() const {
  std::size_t floats = self_attention_scratch_per_worker(attention_shape(layers_.front(), {}), max_tokens_);
  for (const Layer& layer : layers_) {
    floats = most_scratch(floats, layer.query, layer.key, layer.value, layer.attention_output, layer.mlp);
  }
  return most_scratch(floats, embed_proj_, conv_);
}

Blocked PostNormEncoder::forward(const Context& context, TokenActivations& activations, const TokenBatch& batch,
                                 const StageObserver& observe) const {
  auto& a = static_cast<Activations&>(activations);
  const int rows = batch.rows();
  const Blocked x = a.x.view(rows);
  const Blocked y = a.y.view(rows);
  const Blocked query = a.query.view(rows);
  const Blocked key = a.key.view(rows);
  const Blocked value = a.value.view(rows);

  const Blocked embedded = embed_proj_ ? a.embedded.view(rows) : x;
  embeddings_.set_words(batch, embedded);
  embeddings_.add_positions_and_types(batch, embedded);
  if (embed_proj_) embed_proj_->forward(context, embedded, x);
  embeddings_norm_.forward(context, x, x);
  if (observe) observe(x);
  if (conv_) conv_->gather(batch.row_begins, x, a.windows.view(rows));

  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    // x = attention_norm(x + attention_output(attention(x)))
    layer.query.forward(context, x, query);
    layer.key.forward(context, x, key);
    layer.value.forward(context, x, value);
    self_attention(context, attention_shape(layer, batch.row_begins), query, key, value, query);
    layer.attention_output.forward(context, query, x, {.residual = x.data});
    layer.attention_norm.forward(context, x, x);
    // x = output_norm(x + down(act(up(x))))
    layer.mlp.forward(context, x, y, x.data, a.hidden.view(std::min(rows, Mlp::unfused_rows())).data);
    layer.output_norm.forward(context, y, x);
    if (i == 0 && conv_) conv_->forward(context, a.windows.view(rows), x);
    if (observe) observe(x);
  }
  return x;
}

}  // namespace mobileclip
