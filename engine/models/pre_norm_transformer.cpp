#include "engine/models/pre_norm_transformer.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>

#include "engine/models/folding.h"
#include "engine/models/weight_layers.h"
#include "engine/nn/most_scratch.h"

namespace mobileclip {
namespace {

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

int longest(std::span<const int> row_begins) {
  int most = 0;
  for (std::size_t s = 0; s + 1 < row_begins.size(); ++s) most = std::max(most, row_begins[s + 1] - row_begins[s]);
  return most;
}

}  // namespace

PreNormTransformer::Block PreNormTransformer::build_block(const TransformerShape& shape, const BlockNames& names,
                                                          const WeightScope& w, TowerArithmetic arithmetic) {
  const int width = shape.width;
  FoldedLayer in_proj = read_layer(w, names.in_proj_weight, names.in_proj_bias);
  FoldedLayer out_proj = read_layer(w / names.out_proj, "weight", "bias");
  move_value_bias(in_proj, out_proj);
  scale_outputs(in_proj, static_cast<std::size_t>(width), 1.0 / std::sqrt(static_cast<double>(width / shape.heads)));
  return {.ln_1 = read_layer_norm(w / names.ln_1, shape.layer_norm_eps),
          .in_proj = padded_packed(in_proj, shape.head_channels(3), {.size = width}, arithmetic.usual),
          .out_proj = padded_packed(out_proj, {.size = width}, shape.head_channels(), arithmetic.sensitive),
          .ln_2 = read_layer_norm(w / names.ln_2, shape.layer_norm_eps),
          .c_fc = read_linear(w / names.c_fc, shape.mlp_width, width, arithmetic.usual),
          .c_proj = read_linear(w / names.c_proj, width, shape.mlp_width, arithmetic.usual)};
}

PreNormTransformer::PreNormTransformer(const TransformerShape& shape, const BlockNames& names,
                                       const WeightScope& blocks, TowerArithmetic arithmetic)
    : shape_(shape) {
  for (int i = 0; i < shape.layers; ++i) {
    const bool sensitive = i < shape.sensitive_layers;
    blocks_.push_back(
        build_block(shape, names, blocks / i, sensitive ? TowerArithmetic{arithmetic.sensitive} : arithmetic));
  }
}

TransformerActivations PreNormTransformer::make_activations(int max_rows, int max_sequences) const {
  const int width = shape_.width;
  const int heads_width = shape_.head_channels().padded();
  return {.x = AlignedBuffer(floats(width, max_rows)),
          .normed = AlignedBuffer(floats(width, max_rows)),
          .qkv = AlignedBuffer(floats(3 * heads_width, max_rows)),
          .hidden = AlignedBuffer(floats(shape_.mlp_width, max_rows)),
          .pooled = AlignedBuffer(floats(width, max_sequences)),
          .pooled_normed = AlignedBuffer(floats(width, max_sequences)),
          .pooled_query = AlignedBuffer(floats(heads_width, max_sequences))};
}

std::size_t PreNormTransformer::scratch_per_worker(int max_tokens) const {
  std::size_t most = attention_scratch_per_worker({.heads = shape_.heads,
                                                   .head_dim = shape_.head_channels().padded_size(),
                                                   .sequences = 1,
                                                   .tokens = max_tokens,
                                                   .queries = max_tokens});
  for (const Block& block : blocks_) most = most_scratch(most, block.in_proj, block.out_proj, block.c_fc, block.c_proj);
  return most;
}

Blocked PreNormTransformer::input(TransformerActivations& activations, int rows) const {
  return view(activations.x, shape_.width, rows);
}

/// One forward pass; the members name where its values lie.
class PreNormTransformer::Pass {
 public:
  Pass(const TransformerShape& shape, const Context& context, TransformerActivations& a,
       const PooledSequences& sequences)
      : shape_(shape),
        context_(context),
        a_(a),
        sequences_(sequences),
        heads_width_(shape.head_channels().padded()),
        longest_(longest(sequences.row_begins)),
        x_(view(a.x, shape.width, sequences.rows())),
        normed_(view(a.normed, shape.width, sequences.rows())) {}

  [[nodiscard]] Blocked x() const { return x_; }

  // x = x + out_proj(attention(ln_1(x))); x = x + c_proj(act(c_fc(ln_2(x))))
  void block(const Block& block) {
    const Blocked qkv = view(a_.qkv, 3 * heads_width_, x_.rows);
    block.ln_1.forward(context_, x_, normed_);
    block.in_proj.forward(context_, normed_, qkv);
    attention(context_, attention_shape(longest_), part(qkv, 0), part(qkv, 1), part(qkv, 2), part(qkv, 0));
    block.out_proj.forward(context_, part(qkv, 0), x_, {.residual = x_.data});
    mlp(block, x_, normed_);
  }

  /// The last block, whose only rows that anyone reads are the pooled: exact, and most of the block's work saved.
  Blocked last_block(const Block& block) {
    const int heads_blocks = heads_width_ / kChannelBlock;
    const Blocked pooled = view(a_.pooled, shape_.width, sequences_.count());
    const Blocked pooled_normed = view(a_.pooled_normed, shape_.width, sequences_.count());
    const Blocked query = view(a_.pooled_query, heads_width_, sequences_.count());
    const Blocked keys_values = view(a_.qkv, 2 * heads_width_, x_.rows);
    block.ln_1.forward(context_, x_, normed_);
    for (int s = 0; s < sequences_.count(); ++s) {
      const auto i = static_cast<std::size_t>(s);
      const int row = sequences_.row_begins[i] + sequences_.positions[i];
      copy_row(x_, row, pooled, s);
      copy_row(normed_, row, pooled_normed, s);
    }
    block.in_proj.forward_range(context_, {.begin = heads_blocks, .end = 3 * heads_blocks}, normed_, keys_values, {});
    block.in_proj.forward_range(context_, {.begin = 0, .end = heads_blocks}, pooled_normed, query, {});
    AttentionShape shape = attention_shape(1);
    shape.first_positions = sequences_.positions;
    attention(context_, shape, query, part(keys_values, 0), part(keys_values, 1), query);
    block.out_proj.forward(context_, query, pooled, {.residual = pooled.data});
    mlp(block, pooled, pooled_normed);
    return pooled;
  }

 private:
  [[nodiscard]] AttentionShape attention_shape(int queries) const {
    return {.heads = shape_.heads,
            .head_dim = shape_.head_channels().padded_size(),
            .sequences = sequences_.count(),
            .tokens = longest_,
            .queries = queries,
            .causal = shape_.causal,
            .row_begins = sequences_.row_begins};
  }

  [[nodiscard]] Blocked part(Blocked all, int index) const {
    return {.data = all.block(index * heads_width_ / kChannelBlock), .channels = heads_width_, .rows = all.rows};
  }

  void mlp(const Block& block, Blocked x, Blocked normed) {
    const Blocked hidden = view(a_.hidden, shape_.mlp_width, x.rows);
    block.ln_2.forward(context_, x, normed);
    block.c_fc.forward(context_, normed, hidden, {.activation = shape_.activation});
    block.c_proj.forward(context_, hidden, x, {.residual = x.data});
  }

  const TransformerShape& shape_;
  const Context& context_;
  TransformerActivations& a_;
  const PooledSequences& sequences_;
  int heads_width_;
  int longest_;
  Blocked x_;
  Blocked normed_;
};

Blocked PreNormTransformer::forward(const Context& context, TransformerActivations& activations,
                                    const PooledSequences& sequences, const BlockObserver& observe) const {
  assert(sequences.row_begins.size() == sequences.positions.size() + 1);
  Pass pass(shape_, context, activations, sequences);
  for (std::size_t i = 0; i + 1 < blocks_.size(); ++i) {
    pass.block(blocks_[i]);
    if (observe) observe(static_cast<int>(i), pass.x());
  }
  return pass.last_block(blocks_.back());
}

}  // namespace mobileclip
