#include "engine/models/mci.h"

#include <algorithm>
#include <cassert>
#include <string>

namespace mobileclip {
namespace {

int halved(int size) { return (size + 1) / 2; }

std::size_t floats(int channels, int size) {
  return static_cast<std::size_t>(channels) * static_cast<std::size_t>(size) * static_cast<std::size_t>(size);
}

AttentionShape attention_shape(int dim, int size) {
  return {.heads = dim / kMciHeadDim,
          .head_dim = kMciHeadDim,
          .sequences = 1,
          .tokens = size * size,
          .queries = size * size};
}

}  // namespace

MciSizes MciEncoder::measure() const {
  const int stem_size = halved(image_size_);
  int size = halved(stem_size);
  MciSizes need{.x = floats(stages_.front().dim, stem_size)};
  const auto grow = [](std::size_t& to, std::size_t at_least) { to = std::max(to, at_least); };
  const auto scratch = [&](std::size_t floats_needed) { grow(need.scratch_per_worker, floats_needed); };
  const auto conv_mlp = [&](const mci::ConvMlp& block) {
    scratch(block.conv.scratch_per_worker(size, size));
    scratch(block.mlp.scratch_per_worker());
    if (size * size <= Mlp::unfused_rows()) grow(need.hidden, floats(block.mlp.hidden_channels(), size));
  };
  scratch(StemConv2d::scratch_per_worker(image_size_));
  scratch(stem_.pointwise.scratch_per_worker());
  scratch(stem_.depthwise.scratch_per_worker(stem_size, stem_size));
  for (const mci::Stage& stage : stages_) {
    if (stage.downsample) {
      scratch(stage.downsample->large_conv.scratch_per_worker(size, size));
      scratch(stage.downsample->proj.scratch_per_worker());
      if (stage.downsample->se) grow(need.gate, stage.downsample->se->gate_floats());
      size = halved(size);
    }
    if (stage.pos_emb) scratch(stage.pos_emb->scratch_per_worker(size, size));
    grow(need.map, floats(stage.dim, size));
    for (const auto& block : stage.blocks) {
      if (const auto* rep_mixer = std::get_if<mci::RepMixerBlock>(&block)) {
        scratch(rep_mixer->token_mixer.scratch_per_worker(size, size));
        conv_mlp(rep_mixer->mlp);
      } else {
        scratch(attention_scratch_per_worker(attention_shape(stage.dim, size)));
        grow(need.qkv, floats(3 * stage.dim, size));
        const auto& attention = std::get<mci::AttentionBlock>(block);
        scratch(attention.qkv.scratch_per_worker());
        scratch(attention.proj.scratch_per_worker());
        conv_mlp(attention.mlp);
      }
    }
  }
  scratch(final_conv_.conv.scratch_per_worker(size, size));
  grow(need.gate, final_conv_.se.gate_floats());
  grow(need.map, floats(head_.in_channels(), size));
  grow(need.x, need.map);
  return need;
}

MciActivations MciEncoder::make_activations() const {
  return {.x = AlignedBuffer(sizes_.x),
          .mixed = AlignedBuffer(sizes_.map),
          .conv = AlignedBuffer(sizes_.map),
          .qkv = AlignedBuffer(sizes_.qkv),
          .hidden = AlignedBuffer(sizes_.hidden),
          .gate = AlignedBuffer(sizes_.gate)};
}

namespace {

/// One forward pass; the members name where its values lie.
class Pass {
 public:
  Pass(const Context& context, MciActivations& activations) : context_(context), a_(activations) {}

  // rgb [S, S, 3] → x [d0, S/4, S/4]
  FeatureMap stem(const mci::Stem& stem, std::span<const std::uint8_t> rgb, int image_size, int dim) {
    const int half = halved(image_size);
    const FeatureMap conv = map(a_.x, dim, half);
    const FeatureMap depthwise = map(a_.mixed, dim, halved(half));
    const FeatureMap x = map(a_.x, dim, halved(half));
    stem.conv.forward(context_, rgb, image_size, conv, Activation::kGelu);
    stem.depthwise.forward(context_, conv, depthwise, Activation::kGelu);
    stem.pointwise.forward(context_, depthwise.rows(), x.rows(), {.activation = Activation::kGelu});
    return x;
  }

  // [C, H, W] → [dim, H/2, W/2]
  FeatureMap downsample(const mci::Downsample& layer, FeatureMap x, int dim) {
    const FeatureMap conv = map(a_.mixed, dim, halved(x.width));
    const FeatureMap y = map(a_.x, dim, conv.width);
    layer.large_conv.forward(context_, x, conv, layer.se ? Activation::kNone : Activation::kGelu);
    if (layer.se) layer.se->forward(context_, conv, Activation::kGelu, a_.gate.data());
    layer.proj.forward(context_, conv.rows(), y.rows(), {.activation = Activation::kGelu});
    return y;
  }

  // x = pos_emb(x), whose kernel holds its own skip path. Copied back: the maps are 16x16 at most.
  FeatureMap pos_emb(const DepthwiseConv2d& layer, FeatureMap x) {
    const FeatureMap y = map(a_.mixed, x.channels, x.width);
    layer.forward(context_, x, y, Activation::kNone);
    std::copy_n(y.data, y.rows().size(), x.data);
    return x;
  }

  // x = x + γ · mlp(x), where the token mixer's kernel holds its own skip path
  void rep_mixer_block(const mci::RepMixerBlock& block, FeatureMap x) {
    const FeatureMap mixed = map(a_.mixed, x.channels, x.width);
    block.token_mixer.forward(context_, x, mixed, Activation::kNone);
    conv_mlp(block.mlp, mixed, x);
  }

  // x = x + γ₁ · attention(norm(x)); x = x + γ₂ · mlp(x)
  void attention_block(const mci::AttentionBlock& block, FeatureMap x) {
    const Blocked rows = x.rows();
    const Blocked normed = block.norm ? map(a_.conv, x.channels, x.width).rows() : rows;
    const Blocked qkv{.data = a_.qkv.data(), .channels = 3 * x.channels, .rows = rows.rows};  // [3 C, H W]
    const Blocked mixed = map(a_.mixed, x.channels, x.width).rows();
    const auto third = [&](int i) {
      return Blocked{.data = qkv.block(i * rows.blocks()), .channels = x.channels, .rows = rows.rows};
    };
    if (block.norm) block.norm->forward(context_, rows, normed);
    block.qkv.forward(context_, normed, qkv);
    attention(context_, attention_shape(x.channels, x.width), third(0), third(1), third(2), mixed);
    block.proj.forward(context_, mixed, rows, {.residual = rows.data});
    conv_mlp(block.mlp, x, x);
  }

  // [C, H, W] → [2 C, H, W] → embedding
  FeatureMap final_conv(const mci::FinalConv& layer, FeatureMap x) {
    const FeatureMap y = map(a_.mixed, 2 * x.channels, x.width);
    layer.conv.forward(context_, x, y, Activation::kNone);
    layer.se.forward(context_, y, Activation::kGelu, a_.gate.data());
    return y;
  }

  void head(const Linear& fc, FeatureMap x, std::span<float> embedding) {
    const Blocked pooled{.data = a_.conv.data(), .channels = x.channels, .rows = 1};
    context_.parallel.run(static_cast<std::size_t>(pooled.blocks()), [&](std::size_t block, int /*worker*/) {
      const int b = static_cast<int>(block);
      context_.kernels.mean_block(x.rows().block(b), static_cast<std::size_t>(x.pixels()), pooled.block(b));
    });
    fc.forward(context_, pooled, {.data = embedding.data(), .channels = fc.out_channels(), .rows = 1});
  }

 private:
  static FeatureMap map(AlignedBuffer& buffer, int channels, int size) {
    assert(floats(channels, size) <= buffer.size());
    return {.data = buffer.data(), .channels = channels, .height = size, .width = size};
  }

  /// out = x + γ · fc2(gelu(fc1(conv(x)))); `out` may be x.
  void conv_mlp(const mci::ConvMlp& block, FeatureMap x, FeatureMap out) {
    const FeatureMap conv = map(a_.conv, x.channels, x.width);
    block.conv.forward(context_, x, conv, Activation::kNone);
    block.mlp.forward(context_, conv.rows(), out.rows(), x.data, a_.hidden.data());
  }

  const Context& context_;
  MciActivations& a_;
};

}  // namespace

void MciEncoder::forward(const Context& context, MciActivations& activations, std::span<const std::uint8_t> rgb,
                         std::span<float> embedding, const StageObserver& observe) const {
  Pass pass(context, activations);
  const auto tell = [&](const std::string& stage, FeatureMap output) {
    if (observe) observe(stage, output);
  };
  FeatureMap x = pass.stem(stem_, rgb, image_size_, stages_.front().dim);
  tell("stem", x);
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const mci::Stage& stage = stages_[i];
    if (stage.downsample) x = pass.downsample(*stage.downsample, x, stage.dim);
    if (stage.pos_emb) x = pass.pos_emb(*stage.pos_emb, x);
    for (const auto& block : stage.blocks) {
      if (const auto* rep_mixer = std::get_if<mci::RepMixerBlock>(&block)) {
        pass.rep_mixer_block(*rep_mixer, x);
      } else {
        pass.attention_block(std::get<mci::AttentionBlock>(block), x);
      }
    }
    tell("stages." + std::to_string(i), x);
  }
  x = pass.final_conv(final_conv_, x);
  tell("final_conv", x);
  pass.head(head_, x, embedding);
}

}  // namespace mobileclip
