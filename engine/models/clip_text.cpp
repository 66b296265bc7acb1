#include "engine/models/clip_text.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>

#include "engine/models/folding.h"
#include "engine/models/weight_layers.h"
#include "engine/models/weight_scope.h"

namespace mobileclip {
namespace {

AlignedBuffer copy_of(std::span<const float> values) {
  AlignedBuffer buffer(values.size());
  std::ranges::copy(values, buffer.data());
  return buffer;
}

/// [in, out], used as x @ W, to a linear layer's [out, in].
std::vector<float> transposed(std::span<const float> weight, std::size_t in, std::size_t out) {
  std::vector<float> result(weight.size());
  for (std::size_t i = 0; i < in; ++i) {
    for (std::size_t o = 0; o < out; ++o) result[o * in + i] = weight[i * out + o];
  }
  return result;
}

std::size_t floats(int channels, int rows) {
  return static_cast<std::size_t>(channels) * static_cast<std::size_t>(rows);
}

Blocked view(AlignedBuffer& buffer, int channels, int rows) {
  assert(floats(channels, rows) <= buffer.size());
  return {.data = buffer.data(), .channels = channels, .rows = rows};
}

void copy_row(Blocked from, int row, Blocked to, int to_row) {
  for (int b = 0; b < from.blocks(); ++b) {
    std::copy_n(from.block(b) + row * kChannelBlock, kChannelBlock, to.block(b) + to_row * kChannelBlock);
  }
}

}  // namespace

ClipTextEncoder::ResidualAttentionBlock ClipTextEncoder::build_block(const TextConfig& config, const WeightScope& w,
                                                                     TowerArithmetic arithmetic) {
  const int width = config.width;
  const int hidden = width * config.mlp_ratio;
  FoldedLayer in_proj = read_layer(w / "attn", "in_proj_weight", "in_proj_bias");
  FoldedLayer out_proj = read_layer(w / "attn.out_proj", "weight", "bias");
  move_value_bias(in_proj, out_proj);
  scale_outputs(in_proj, static_cast<std::size_t>(width), 1.0 / std::sqrt(static_cast<double>(width / config.heads)));
  return {.ln_1 = read_layer_norm(w / "ln_1"),
          .in_proj = packed(in_proj, 3 * width, width, arithmetic.usual),
          .out_proj = packed(out_proj, width, width, arithmetic.sensitive),
          .ln_2 = read_layer_norm(w / "ln_2"),
          .c_fc = read_linear(w / "mlp.c_fc", hidden, width, arithmetic.usual),
          .c_proj = read_linear(w / "mlp.c_proj", width, hidden, arithmetic.usual)};
}

ClipTextEncoder::ClipTextEncoder(const TextConfig& config, int embed_dim, const TowerWeights& weights,
                                 TowerArithmetic arithmetic)
    : config_(config),
      token_embedding_(WeightScope(weights, "token_embedding"), "weight"),
      positional_embedding_(copy_of(WeightScope(weights, "")("positional_embedding"))),
      ln_final_(read_layer_norm(WeightScope(weights, "ln_final"))),
      text_projection_(embed_dim, config.width,
                       transposed(WeightScope(weights, "")("text_projection"), static_cast<std::size_t>(config.width),
                                  static_cast<std::size_t>(embed_dim)),
                       {}) {
  const WeightScope resblocks(weights, "transformer.resblocks");
  for (int i = 0; i < config.layers; ++i) {
    const bool sensitive = i < config.layers / 4;
    resblocks_.push_back(
        build_block(config, resblocks / i, sensitive ? TowerArithmetic{arithmetic.sensitive} : arithmetic));
  }
}

ClipTextActivations ClipTextEncoder::make_activations(int max_texts) const {
  const int rows = max_texts * config_.context_length;
  const int width = config_.width;
  return {.max_texts = max_texts,
          .x = AlignedBuffer(floats(width, rows)),
          .normed = AlignedBuffer(floats(width, rows)),
          .qkv = AlignedBuffer(floats(3 * width, rows)),
          .hidden = AlignedBuffer(floats(config_.mlp_ratio * width, rows)),
          .pooled = AlignedBuffer(floats(width, max_texts)),
          .pooled_normed = AlignedBuffer(floats(width, max_texts)),
          .pooled_query = AlignedBuffer(floats(width, max_texts)),
          .pooled_positions = std::vector<int>(static_cast<std::size_t>(max_texts)),
          .embedding = AlignedBuffer(floats(embed_dim(), max_texts))};
}

std::size_t ClipTextEncoder::scratch_per_worker() const {
  const std::size_t attention = attention_scratch_per_worker({.heads = config_.heads,
                                                              .head_dim = config_.width / config_.heads,
                                                              .sequences = 1,
                                                              .tokens = config_.context_length,
                                                              .queries = config_.context_length});
  std::size_t most = attention;
  for (const ResidualAttentionBlock& block :
       resblocks_) {  // which need not have one arithmetic, nor one form of weights
    most = std::max({most, block.in_proj.scratch_per_worker(), block.out_proj.scratch_per_worker(),
                     block.c_fc.scratch_per_worker(), block.c_proj.scratch_per_worker()});
  }
  return most;
}

/// One forward pass over `texts` texts; the members name where its values lie.
class ClipTextEncoder::Pass {
 public:
  Pass(const ClipTextEncoder& model, const Context& context, ClipTextActivations& a, int texts)
      : model_(model),
        context_(context),
        a_(a),
        texts_(texts),
        rows_(texts * model.config_.context_length),
        width_(model.config_.width),
        x_(view(a.x, width_, rows_)),
        normed_(view(a.normed, width_, rows_)) {}

  [[nodiscard]] Blocked x() const { return x_; }

  /// token_embedding + positional_embedding; positions past a text's end hold token 0 and take part, as in OpenCLIP.
  void embed(std::span<const std::span<const std::int32_t>> texts) {
    const int context_length = model_.config_.context_length;
    for (int row = 0; row < rows_; ++row) {
      const auto& ids = texts[static_cast<std::size_t>(row / context_length)];
      const auto position = static_cast<std::size_t>(row % context_length);
      const std::size_t id = position < ids.size() ? static_cast<std::size_t>(ids[position]) : 0;
      const float* where = model_.positional_embedding_.data() + position * static_cast<std::size_t>(width_);
      for (int b = 0; b < x_.blocks(); ++b, where += kChannelBlock) {
        float* const to = x_.block(b) + row * kChannelBlock;
        model_.token_embedding_.read(id, static_cast<std::size_t>(b * kChannelBlock), {to, kChannelBlock});
        for (int c = 0; c < kChannelBlock; ++c) to[c] += where[c];
      }
    }
  }

  // x = x + out_proj(attention(ln_1(x))); x = x + c_proj(gelu(c_fc(ln_2(x))))
  void block(const ResidualAttentionBlock& block) {
    const Blocked qkv = view(a_.qkv, 3 * width_, rows_);
    block.ln_1.forward(context_, x_, normed_);
    block.in_proj.forward(context_, normed_, qkv);
    attention(context_, attention_shape(model_.config_.context_length), part(qkv, 0), part(qkv, 1), part(qkv, 2),
              normed_);
    block.out_proj.forward(context_, normed_, x_, {.residual = x_.data});
    mlp(block, x_, normed_);
  }

  /// The last block, whose only rows that anyone reads are the pooled: exact, and most of the block's work saved.
  Blocked last_block(const ResidualAttentionBlock& block, std::span<const std::span<const std::int32_t>> texts) {
    const Blocked pooled = view(a_.pooled, width_, texts_);
    const Blocked pooled_normed = view(a_.pooled_normed, width_, texts_);
    const Blocked query = view(a_.pooled_query, width_, texts_);
    const Blocked keys_values = view(a_.qkv, 2 * width_, rows_);
    const int width_blocks = width_ / kChannelBlock;
    block.ln_1.forward(context_, x_, normed_);
    for (int t = 0; t < texts_; ++t) {
      const int position = static_cast<int>(texts[static_cast<std::size_t>(t)].size()) - 1;
      const int row = t * model_.config_.context_length + position;
      a_.pooled_positions[static_cast<std::size_t>(t)] = position;
      copy_row(x_, row, pooled, t);
      copy_row(normed_, row, pooled_normed, t);
    }
    block.in_proj.forward_range(context_, {.begin = width_blocks, .end = 3 * width_blocks}, normed_, keys_values, {});
    block.in_proj.forward_range(context_, {.begin = 0, .end = width_blocks}, pooled_normed, query, {});
    AttentionShape shape = attention_shape(1);
    shape.first_positions = a_.pooled_positions;
    attention(context_, shape, query, part(keys_values, 0), part(keys_values, 1), pooled_normed);
    block.out_proj.forward(context_, pooled_normed, pooled, {.residual = pooled.data});
    mlp(block, pooled, pooled_normed);
    return pooled;
  }

 private:
  [[nodiscard]] AttentionShape attention_shape(int queries) const {
    const TextConfig& config = model_.config_;
    return {.heads = config.heads,
            .head_dim = config.width / config.heads,
            .sequences = texts_,
            .tokens = config.context_length,
            .queries = queries,
            .causal = config.causal};
  }

  [[nodiscard]] Blocked part(Blocked all, int index) const {
    return {.data = all.block(index * width_ / kChannelBlock), .channels = width_, .rows = all.rows};
  }

  void mlp(const ResidualAttentionBlock& block, Blocked x, Blocked normed) {
    const Blocked hidden = view(a_.hidden, block.c_fc.out_channels(), x.rows);
    block.ln_2.forward(context_, x, normed);
    block.c_fc.forward(context_, normed, hidden, {.activation = Activation::kGelu});
    block.c_proj.forward(context_, hidden, x, {.residual = x.data});
  }

  const ClipTextEncoder& model_;
  const Context& context_;
  ClipTextActivations& a_;
  int texts_;
  int rows_;
  int width_;
  Blocked x_;
  Blocked normed_;
};

void ClipTextEncoder::forward(const Context& context, ClipTextActivations& activations,
                              std::span<const std::span<const std::int32_t>> texts, std::span<float> embeddings,
                              const StageObserver& observe) const {
  const int count = static_cast<int>(texts.size());
  assert(count <= activations.max_texts && embeddings.size() == floats(embed_dim(), count));
  Pass pass(*this, context, activations, count);
  pass.embed(texts);
  for (std::size_t i = 0; i + 1 < resblocks_.size(); ++i) {
    pass.block(resblocks_[i]);
    if (observe) observe("resblocks." + std::to_string(i), pass.x());
  }
  const Blocked pooled = pass.last_block(resblocks_.back(), texts);
  const Blocked projected = view(activations.embedding, embed_dim(), count);
  ln_final_.forward(context, pooled, pooled);
  text_projection_.forward(context, pooled, projected);
  for (int t = 0; t < count; ++t) {
    for (int c = 0; c < embed_dim(); ++c) {
      embeddings[floats(embed_dim(), t) + static_cast<std::size_t>(c)] =
          projected.block(c / kChannelBlock)[t * kChannelBlock + c % kChannelBlock];
    }
  }
}

}  // namespace mobileclip
