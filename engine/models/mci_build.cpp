// Builds the image tower from fused weights: reads by the checkpoint's names, folds, packs.
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/models/folding.h"
#include "engine/models/mci.h"
#include "engine/models/weight_layers.h"
#include "engine/models/weight_scope.h"

namespace mobileclip {
namespace {

using namespace mci;

/// What every part needs to know.
struct Recipe {
  const MciConfig& config;
  Arithmetic arithmetic;

  [[nodiscard]] Linear linear(int out, int in, const FoldedLayer& layer) const {
    return {out, in, layer.weight, layer.bias, arithmetic};
  }
  [[nodiscard]] Linear linear(const WeightScope& w, int out, int in) const {
    return read_linear(w, out, in, arithmetic);
  }
};

/// The checkpoint's channel for each of ours behind a depthwise convolution with multiplier 2.
std::vector<int> multiplied_order(int in_channels) {
  std::vector<int> order(static_cast<std::size_t>(2 * in_channels));
  std::iota(order.begin(), order.end(), 0);
  for (int& channel : order) channel = DepthwiseConv2d::checkpoint_channel(channel, in_channels, 2);
  return order;
}

SqueezeExcite squeeze_excite(const WeightScope& w, int channels, std::span<const int> order) {
  const int reduced = static_cast<int>(w("fc1.bias").size());
  return {Linear(reduced, channels, reorder_inputs(w("fc1.weight"), order), w("fc1.bias")),
          Linear(channels, reduced, reorder_outputs(w("fc2.weight"), order), reorder_outputs(w("fc2.bias"), order))};
}

ConvMlp conv_mlp(const Recipe& recipe, const WeightScope& w, std::span<const float> layer_scale, int dim) {
  const int hidden = dim * recipe.config.mlp_ratio;
  const FoldedLayer conv = fold_after(w("conv.conv.weight"), {}, batch_norm_affine(w / "conv.bn"));
  const FoldedLayer fc2 = fold_after(w("fc2.weight"), w("fc2.bias"), layer_scale_affine(layer_scale));
  return {.conv = DepthwiseConv2d({.channels = dim, .kernel = 7}, conv.weight, conv.bias),
          .mlp = Mlp(recipe.linear(w / "fc1", hidden, dim), recipe.linear(dim, hidden, fc2))};
}

RepMixerBlock rep_mixer_block(const Recipe& recipe, const WeightScope& w, int dim) {
  const WeightScope mixer = w / "token_mixer.reparam_conv";
  return {.token_mixer = DepthwiseConv2d({.channels = dim, .kernel = 3}, mixer("weight"), mixer("bias")),
          .mlp = conv_mlp(recipe, w / "mlp", w("layer_scale.gamma"), dim)};
}

AttentionBlock attention_block(const Recipe& recipe, const WeightScope& w, int dim) {
  const auto out = static_cast<std::size_t>(3 * dim);
  std::optional<LayerNorm> norm;
  Affine before{.scale = std::vector<double>(static_cast<std::size_t>(dim), 1.0),
                .shift = std::vector<double>(static_cast<std::size_t>(dim), 0.0)};
  if (recipe.config.layer_norm) {
    norm.emplace(read_layer_norm(w / "norm"));
  } else {
    before = batch_norm_affine(w / "norm");
  }
  FoldedLayer qkv = fold_before(before, w("token_mixer.qkv.weight"), out);
  scale_outputs(qkv, static_cast<std::size_t>(dim), 1.0 / std::sqrt(double{kMciHeadDim}));
  FoldedLayer proj = fold_after(w("token_mixer.proj.weight"), w("token_mixer.proj.bias"),
                                layer_scale_affine(w("layer_scale_1.gamma")));
  move_value_bias(qkv, proj);
  return {.norm = std::move(norm),
          .qkv = recipe.linear(3 * dim, dim, qkv),
          .proj = recipe.linear(dim, dim, proj),
          .mlp = conv_mlp(recipe, w / "mlp", w("layer_scale_2.gamma"), dim)};
}

Downsample downsample(const Recipe& recipe, const WeightScope& w, std::size_t stage) {
  const int in = recipe.config.embed_dims[stage - 1];
  const int out = recipe.config.embed_dims[stage];
  const std::vector<int> order = multiplied_order(in);
  const WeightScope large_conv = w / "proj.0.reparam_conv";
  const WeightScope pointwise = w / "proj.1.reparam_conv";
  std::optional<SqueezeExcite> se;
  if (recipe.config.se_downsamples[stage]) se.emplace(squeeze_excite(w / "proj.0.se", out, order));
  return {.large_conv = DepthwiseConv2d({.channels = in, .multiplier = out / in, .kernel = 7, .stride = 2},
                                        large_conv("weight"), large_conv("bias")),
          .se = std::move(se),
          .proj = Linear(out, out, reorder_inputs(pointwise("weight"), order), pointwise("bias"), recipe.arithmetic)};
}

Stage stage(const Recipe& recipe, const WeightScope& w, std::size_t index) {
  const MciConfig& config = recipe.config;
  const int dim = config.embed_dims[index];
  const bool attention = static_cast<int>(index) >= config.attention_from;
  Stage stage{.downsample = {}, .pos_emb = {}, .blocks = {}, .dim = dim};
  if (index > 0) stage.downsample.emplace(downsample(recipe, w / "downsample", index));
  if (attention) {
    const WeightScope pos_emb = w / "pos_emb.reparam_conv";
    stage.pos_emb.emplace(DepthwiseConv2d::Geometry{.channels = dim, .kernel = 7}, pos_emb("weight"), pos_emb("bias"));
  }
  for (int j = 0; j < config.layers[index]; ++j) {
    const WeightScope block = w / "blocks" / j;
    if (attention) {
      stage.blocks.emplace_back(attention_block(recipe, block, dim));
    } else {
      stage.blocks.emplace_back(rep_mixer_block(recipe, block, dim));
    }
  }
  return stage;
}

Stem stem(const Recipe& recipe, const WeightScope& w, const MciEncoder::Input& input) {
  const int dim = recipe.config.embed_dims.front();
  const WeightScope conv = w / "0.reparam_conv";
  const WeightScope depthwise = w / "1.reparam_conv";
  return {
      .conv = StemConv2d(dim, conv("weight"), conv("bias"), input.mean, input.std),
      .depthwise = DepthwiseConv2d({.channels = dim, .kernel = 3, .stride = 2}, depthwise("weight"), depthwise("bias")),
      .pointwise = recipe.linear(w / "2.reparam_conv", dim, dim)};
}

std::vector<Stage> stages(const Recipe& recipe, const WeightScope& w) {
  std::vector<Stage> result;
  for (std::size_t i = 0; i < recipe.config.layers.size(); ++i)
    result.push_back(stage(recipe, w / static_cast<int>(i), i));
  return result;
}

FinalConv final_conv(const WeightScope& w, int in) {
  const WeightScope conv = w / "reparam_conv";
  return {.conv = DepthwiseConv2d({.channels = in, .multiplier = 2, .kernel = 3}, conv("weight"), conv("bias")),
          .se = squeeze_excite(w / "se", 2 * in, multiplied_order(in))};
}

Linear head(const WeightScope& w, int embed_dim, int in) {
  return {embed_dim, 2 * in, reorder_inputs(w("weight"), multiplied_order(in)), w("bias")};
}

}  // namespace

MciEncoder::MciEncoder(const MciConfig& config, int embed_dim, const Input& input, const TowerWeights& weights,
                       TowerArithmetic arithmetic)
    : image_size_(input.image_size),
      stem_(stem({config, arithmetic.usual}, WeightScope(weights, "trunk.stem"), input)),
      stages_(stages({config, arithmetic.usual}, WeightScope(weights, "trunk.stages"))),
      final_conv_(final_conv(WeightScope(weights, "trunk.final_conv"), config.embed_dims.back())),
      head_(head(WeightScope(weights, "trunk.head.fc"), embed_dim, config.embed_dims.back())),
      sizes_(measure()) {}

}  // namespace mobileclip
