#include "engine/models/encoders/mobile_bert.h"

#include <algorithm>
#include <cmath>

#include "engine/models/encoders/token_buffer.h"
#include "engine/models/weight_layers.h"
#include "engine/nn/most_scratch.h"

namespace mobileclip {
namespace {

constexpr int kRowsPerTask = 64;

// These two norms ignore layer_norm_eps in the reference; NoNorm has no eps at all.
constexpr float kFixedEps = 1e-5F;

AlignedBuffer padded(std::span<const float> values) {
  AlignedBuffer buffer(static_cast<std::size_t>(Channels{.size = static_cast<int>(values.size())}.padded()));
  std::ranges::fill(buffer.span(), 0.0F);
  std::ranges::copy(values, buffer.data());
  return buffer;
}

/// The words' rows of the next, this and the previous token, in this order, with zeros beyond a text's ends.
void gather_trigrams(std::span<const int> row_begins, Blocked words, Blocked trigrams) {
  for (std::size_t text = 0; text + 1 < row_begins.size(); ++text) {
    const int begin = row_begins[text];
    const int end = row_begins[text + 1];
    for (int b = 0; b < trigrams.blocks(); ++b) {
      const int offset = 1 - b / words.blocks();
      const float* from = words.block(b % words.blocks());
      for (int row = begin; row < end; ++row) {
        float* to = trigrams.block(b) + row * kChannelBlock;
        if (row + offset >= begin && row + offset < end) {
          std::copy_n(from + (row + offset) * kChannelBlock, kChannelBlock, to);
        } else {
          std::fill_n(to, kChannelBlock, 0.0F);
        }
      }
    }
  }
}

}  // namespace

NoNorm::NoNorm(std::span<const float> weight, std::span<const float> bias)
    : weight_(padded(weight)), bias_(padded(bias)) {}

void NoNorm::forward(const Context& context, Blocked x, Blocked y) const {
  const int tasks = (x.rows + kRowsPerTask - 1) / kRowsPerTask;
  context.parallel.run(static_cast<std::size_t>(tasks), [&](std::size_t task, int /*worker*/) {
    const int begin = x.rows * static_cast<int>(task) / tasks;
    const int end = x.rows * (static_cast<int>(task) + 1) / tasks;
    for (int b = 0; b < x.blocks(); ++b) {
      const float* weight = weight_.data() + b * kChannelBlock;
      const float* bias = bias_.data() + b * kChannelBlock;
      for (int row = begin; row < end; ++row) {
        const float* from = x.block(b) + row * kChannelBlock;
        float* to = y.block(b) + row * kChannelBlock;
        for (int i = 0; i < kChannelBlock; ++i) to[i] = from[i] * weight[i] + bias[i];
      }
    }
  });
}

struct MobileBertEncoder::Activations final : TokenActivations {
  TokenBuffer words;
  TokenBuffer trigrams;
  TokenBuffer x;       // between layers
  TokenBuffer inner;   // what the layer's residual sums add to
  TokenBuffer shared;  // what queries and keys read
  TokenBuffer output;  // of a feed-forward network
  TokenBuffer query;   // then attention's output
  TokenBuffer key;
  TokenBuffer value;
  TokenBuffer hidden;  // between an MLP's layers, of a few rows
};

void MobileBertEncoder::NormedLinear::forward(const Context& context, Blocked x, Blocked y,
                                              const float* residual) const {
  dense.forward(context, x, y, {.residual = residual});
  std::visit([&](const auto& kind) { kind.forward(context, y, y); }, norm);
}

MobileBertEncoder::MobileBertEncoder(const MobileBertConfig& config, const TowerWeights& weights,
                                     TowerArithmetic arithmetic, int max_tokens)
    : config_(config),
      max_tokens_(max_tokens),
      embeddings_(config.embeddings, WeightScope(weights, "embeddings")),
      embeddings_norm_(read_norm(WeightScope(weights, "embeddings.LayerNorm"), kFixedEps)) {
  if (config.trigram_input || config.embeddings.width != config.hidden_size) {
    const Channels words{.groups = config.trigram_input ? 3 : 1, .size = config.embeddings.width};
    embedding_transformation_ = read_padded_linear(WeightScope(weights, "embeddings.embedding_transformation"),
                                                   hidden_channels(), words, arithmetic.usual);
  }
  const WeightScope layers(weights, "encoder.layer");
  for (int i = 0; i < config.layers; ++i) {
    const bool sensitive = i < config.layers / 4;
    layers_.push_back(build_layer(layers / i, sensitive ? TowerArithmetic{arithmetic.sensitive} : arithmetic));
  }
}

MobileBertEncoder::Norm MobileBertEncoder::read_norm(const WeightScope& w, float eps) const {
  if (config_.no_norm) return NoNorm(w("weight"), w("bias"));
  return read_layer_norm(w, eps);
}

MobileBertEncoder::Layer MobileBertEncoder::build_layer(const WeightScope& w, TowerArithmetic arithmetic) const {
  const Channels hidden = hidden_channels();
  const Channels inner = inner_channels();
  const Channels heads = head_channels();
  const Channels intermediate{.size = config_.intermediate_size};
  const float eps = config_.layer_norm_eps;
  const auto normed = [&](const WeightScope& dense, const WeightScope& norm, Channels out, Channels in) {
    return NormedLinear{.dense = read_padded_linear(dense, out, in, arithmetic.sensitive),
                        .norm = read_norm(norm, eps)};
  };
  const auto feed_forward = [&](const WeightScope& scope, float norm_eps) {
    return FeedForward{
        .mlp =
            Mlp(read_padded_linear(scope / "intermediate.dense", intermediate, inner, arithmetic.usual),
                read_padded_linear(scope / "output.dense", inner, intermediate, arithmetic.usual), config_.hidden_act),
        .norm = read_norm(scope / "output.LayerNorm", norm_eps)};
  };
  const WeightScope self = w / "attention.self";
  Layer layer{.input_bottleneck = std::nullopt,
              .attention_bottleneck = std::nullopt,
              .query = read_padded_linear(self / "query", heads, inner, arithmetic.usual),
              .key = read_padded_linear(self / "key", heads, inner, arithmetic.usual),
              .value = read_padded_linear(self / "value", heads, config_.bottleneck_attention ? inner : hidden,
                                          arithmetic.usual),
              .attention_output = normed(w / "attention.output.dense", w / "attention.output.LayerNorm", inner, heads),
              .feed_forward = {},
              .output_bottleneck = std::nullopt};
  if (config_.bottleneck) {
    const auto bottleneck = [&](const WeightScope& scope, Channels out, Channels in) {
      return normed(scope / "dense", scope / "LayerNorm", out, in);
    };
    layer.input_bottleneck = bottleneck(w / "bottleneck.input", inner, hidden);
    if (config_.shared_bottleneck && !config_.bottleneck_attention)
      layer.attention_bottleneck = bottleneck(w / "bottleneck.attention", inner, hidden);
    layer.output_bottleneck = bottleneck(w / "output.bottleneck", hidden, inner);
  }
  for (int j = 0; j + 1 < config_.feed_forward_networks; ++j)
    layer.feed_forward.push_back(feed_forward(w / "ffn" / j, eps));
  layer.feed_forward.push_back(feed_forward(w, kFixedEps));
  return layer;
}

std::unique_ptr<TokenActivations> MobileBertEncoder::make_activations(int max_rows) const {
  auto a = std::make_unique<Activations>();
  const int word = Channels{.size = config_.embeddings.width}.padded();
  a->words = TokenBuffer(word, max_rows);
  if (config_.trigram_input) a->trigrams = TokenBuffer(3 * word, max_rows);
  a->x = TokenBuffer(hidden_channels().padded(), max_rows);
  for (TokenBuffer* part : {&a->inner, &a->shared, &a->output})
    *part = TokenBuffer(inner_channels().padded(), max_rows);
  for (TokenBuffer* part : {&a->query, &a->key, &a->value}) *part = TokenBuffer(head_channels().padded(), max_rows);
  a->hidden =
      TokenBuffer(layers_.front().feed_forward.front().mlp.hidden_channels(), std::min(max_rows, Mlp::unfused_rows()));
  return a;
}

SelfAttentionShape MobileBertEncoder::attention_shape(std::span<const int> row_begins) const {
  const Channels heads = head_channels();
  return {.heads = config_.heads,
          .head_dim = heads.padded_size(),
          .scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(heads.size))),
          .row_begins = row_begins};
}

std::size_t MobileBertEncoder::scratch_per_worker() const {
  std::size_t floats = self_attention_scratch_per_worker(attention_shape({}), max_tokens_);
  for (const Layer& layer : layers_) {
    floats = most_scratch(floats, layer.query, layer.key, layer.value, layer.attention_output.dense);
    for (const auto* bottleneck : {&layer.input_bottleneck, &layer.attention_bottleneck, &layer.output_bottleneck}) {
      if (*bottleneck) floats = most_scratch(floats, (*bottleneck)->dense);
    }
    for (const auto& feed_forward : layer.feed_forward) floats = most_scratch(floats, feed_forward.mlp);
  }
  return most_scratch(floats, embedding_transformation_);
}

void MobileBertEncoder::embed(const Context& context, Activations& a, const TokenBatch& batch, Blocked x) const {
  const int rows = batch.rows();
  const Blocked words = embedding_transformation_ ? a.words.view(rows) : x;
  embeddings_.set_words(batch, words);
  if (config_.trigram_input) {
    gather_trigrams(batch.row_begins, words, a.trigrams.view(rows));
    embedding_transformation_->forward(context, a.trigrams.view(rows), x);
  } else if (embedding_transformation_) {
    embedding_transformation_->forward(context, words, x);
  }
  embeddings_.add_positions_and_types(batch, x);
  std::visit([&](const auto& norm) { norm.forward(context, x, x); }, embeddings_norm_);
}

void MobileBertEncoder::layer_forward(const Context& context, const Layer& layer, Activations& a,
                                      const TokenBatch& batch, Blocked x) const {
  const int rows = batch.rows();
  const Blocked query = a.query.view(rows);
  const Blocked key = a.key.view(rows);
  const Blocked value = a.value.view(rows);
  const Blocked inner = layer.input_bottleneck ? a.inner.view(rows) : x;
  if (layer.input_bottleneck) layer.input_bottleneck->forward(context, x, inner);
  const Blocked shared = layer.attention_bottleneck ? a.shared.view(rows) : config_.bottleneck_attention ? inner : x;
  if (layer.attention_bottleneck) layer.attention_bottleneck->forward(context, x, shared);

  layer.query.forward(context, shared, query);
  layer.key.forward(context, shared, key);
  layer.value.forward(context, config_.bottleneck_attention ? inner : x, value);
  self_attention(context, attention_shape(batch.row_begins), query, key, value, query);
  layer.attention_output.forward(context, query, inner, inner.data);

  const Blocked output = a.output.view(rows);
  float* const hidden = a.hidden.view(std::min(rows, Mlp::unfused_rows())).data;
  for (const FeedForward& network : layer.feed_forward) {
    network.mlp.forward(context, inner, output, inner.data, hidden);
    std::visit([&](const auto& norm) { norm.forward(context, output, inner); }, network.norm);
  }
  if (layer.output_bottleneck) layer.output_bottleneck->forward(context, inner, x, x.data);
}

Blocked MobileBertEncoder::forward(const Context& context, TokenActivations& activations, const TokenBatch& batch,
                                   const StageObserver& observe) const {
  auto& a = static_cast<Activations&>(activations);
  const Blocked x = a.x.view(batch.rows());
  embed(context, a, batch, x);
  if (observe) observe(x);
  for (const Layer& layer : layers_) {
    layer_forward(context, layer, a, batch, x);
    if (observe) observe(x);
  }
  return x;
}

}  // namespace mobileclip
