#include "engine/models/vit.h"

#include <algorithm>
#include <cassert>
#include <string_view>

#include "engine/models/folding.h"
#include "engine/models/weight_layers.h"

namespace mobileclip {

/// What a module calls the tower's parts.
struct VitEncoder::Names {
  std::string_view class_token;
  std::string_view positions;
  std::string_view patch_conv;
  std::string_view pre_norm;
  std::string_view blocks;
  BlockNames block;
  std::string_view norm;
};

namespace {

constexpr int kRgb = RgbNormalization::kChannels;

/// Steps of a convolutional stem, conv → BatchNorm → GELU, the last without norm (timm
/// vision_transformer_hybrid.py::ConvStem); the norm is folded into its convolution.
std::vector<PatchConv2d> conv_stem(const VitConfig& config, const WeightScope& w) {
  std::vector<PatchConv2d> steps;
  int in = kRgb;
  for (std::size_t i = 0; i < config.conv_stem.size(); ++i) {
    const auto [channels, kernel] = config.conv_stem[i];
    const WeightScope step = w / static_cast<int>(i);
    const PatchConv2d::Geometry geometry{.out = channels, .in = in, .kernel = kernel};
    if (i + 1 < config.conv_stem.size()) {
      const FoldedLayer conv = fold_after(step("conv.weight"), {}, batch_norm_affine(step / "bn"));
      steps.emplace_back(geometry, conv.weight, conv.bias);
    } else {
      steps.emplace_back(geometry, step("conv.weight"), step("conv.bias"));
    }
    in = channels;
  }
  return steps;
}

std::vector<PatchConv2d> patch_embed(const VitConfig& config, const WeightScope& w, std::string_view patch_conv) {
  if (!config.conv_stem.empty()) return conv_stem(config, w / "patch_embed.backbone");
  std::vector<PatchConv2d> steps;
  steps.emplace_back(PatchConv2d::Geometry{.out = config.width, .in = kRgb, .kernel = config.patch_size}, w(patch_conv),
                     std::span<const float>{});
  return steps;
}

/// What is added to the tokens before the first block, blocked: to the class token, which is zero so far, itself too.
AlignedBuffer token_positions(const VitConfig& config, std::span<const float> class_token,
                              std::span<const float> positions, int tokens) {
  const auto width = static_cast<std::size_t>(config.width);
  AlignedBuffer buffer(width * static_cast<std::size_t>(tokens));
  const Blocked blocked{.data = buffer.data(), .channels = config.width, .rows = tokens};
  const std::size_t without_position = config.class_position ? 0 : 1;  // tokens at the front
  for (int c = 0; c < config.width; ++c) {
    const auto channel = static_cast<std::size_t>(c);
    for (int t = 0; t < tokens; ++t) {
      const auto token = static_cast<std::size_t>(t);
      const float position = token < without_position ? 0.0F : positions[(token - without_position) * width + channel];
      blocked.block(c / kChannelBlock)[t * kChannelBlock + c % kChannelBlock] =
          position + (t == 0 ? class_token[channel] : 0.0F);
    }
  }
  return buffer;
}

TransformerShape transformer_shape(const VitConfig& config) {
  return {.width = config.width,
          .heads = config.heads,
          .layers = config.layers,
          .mlp_width = config.mlp_width,
          .activation = config.quick_gelu ? Activation::kQuickGelu : Activation::kGelu,
          .layer_norm_eps = config.layer_norm_eps};
}

Linear head(const VitConfig& config, int embed_dim, const WeightScope& w) {
  if (config.module == VitConfig::Module::kTimm) {
    return read_linear(w / "head", embed_dim, config.width, Arithmetic::kFp32);
  }
  return read_projection(w, "proj", embed_dim, config.width);
}

}  // namespace

VitEncoder::VitEncoder(const VitConfig& config, int embed_dim, const Input& input, const TowerWeights& weights,
                       TowerArithmetic arithmetic)
    : VitEncoder(config, embed_dim, input,
                 WeightScope(weights, config.module == VitConfig::Module::kTimm ? "trunk" : ""),
                 config.module == VitConfig::Module::kTimm ? Names{.class_token = "cls_token",
                                                                   .positions = "pos_embed",
                                                                   .patch_conv = "patch_embed.proj.weight",
                                                                   .pre_norm = "norm_pre",
                                                                   .blocks = "blocks",
                                                                   .block = kTimmBlock,
                                                                   .norm = "norm"}
                                                           : Names{.class_token = "class_embedding",
                                                                   .positions = "positional_embedding",
                                                                   .patch_conv = "conv1.weight",
                                                                   .pre_norm = "ln_pre",
                                                                   .blocks = "transformer.resblocks",
                                                                   .block = kOpenClipBlock,
                                                                   .norm = "ln_post"},
                 arithmetic) {}

VitEncoder::VitEncoder(const VitConfig& config, int embed_dim, const Input& input, const WeightScope& weights,
                       const Names& names, TowerArithmetic arithmetic)
    : image_size_(input.image_size),
      patches_(config.patches(input.image_size)),
      normalization_(input.mean, input.std),
      patch_embed_(patch_embed(config, weights, names.patch_conv)),
      positions_(token_positions(config, weights(names.class_token), weights(names.positions), tokens())),
      transformer_(transformer_shape(config), names.block, weights / names.blocks, arithmetic),
      norm_(read_layer_norm(weights / names.norm, config.layer_norm_eps)),
      head_(head(config, embed_dim, weights)) {
  if (config.pre_norm) pre_norm_.emplace(read_layer_norm(weights / names.pre_norm, config.layer_norm_eps));
}

VitActivations VitEncoder::make_activations() const {
  VitActivations activations{.transformer = transformer_.make_activations(tokens(), 1), .stem = {}};
  int size = image_size_;
  for (std::size_t i = 0; i + 1 < patch_embed_.size(); ++i) {
    size = patch_embed_[i].patches(size);
    const auto floats = static_cast<std::size_t>(patch_embed_[i].out_channels()) * static_cast<std::size_t>(size) *
                        static_cast<std::size_t>(size);
    if (activations.stem[i % 2].size() < floats) activations.stem[i % 2] = AlignedBuffer(floats);
  }
  return activations;
}

std::size_t VitEncoder::scratch_per_worker() const {
  std::size_t most = std::max(transformer_.scratch_per_worker(tokens()), head_.scratch_per_worker());
  for (const PatchConv2d& step : patch_embed_) most = std::max(most, step.scratch_per_worker());
  return most;
}

void VitEncoder::embed_patches(const Context& context, VitActivations& activations, std::span<const std::uint8_t> rgb,
                               Blocked x) const {
  FeatureMap map;  // of the last step
  for (std::size_t i = 0; i < patch_embed_.size(); ++i) {
    const PatchConv2d& step = patch_embed_[i];
    const bool is_last = i + 1 == patch_embed_.size();
    const int size = step.patches(i == 0 ? image_size_ : map.width);
    const FeatureMap next{
        .data = activations.stem[i % 2].data(), .channels = step.out_channels(), .height = size, .width = size};
    const PatchConv2d::Output output = is_last
                                           ? PatchConv2d::Output{.y = x, .first_row = 1, .residual = positions_.data()}
                                           : PatchConv2d::Output{.y = next.rows(), .activation = Activation::kGelu};
    if (i == 0) {
      step.forward(context, RgbInput{.pixels = rgb, .size = image_size_, .normalization = normalization_}, output);
    } else {
      step.forward(context, map, output);
    }
    map = next;
  }
}

void VitEncoder::forward(const Context& context, VitActivations& activations, std::span<const std::uint8_t> rgb,
                         std::span<float> embedding) const {
  assert(rgb.size() == static_cast<std::size_t>(image_size_) * static_cast<std::size_t>(image_size_) * kRgb);
  // [width][1 + patches], the class token first
  const Blocked x = transformer_.input(activations.transformer, tokens());
  for (int b = 0; b < x.blocks(); ++b) {
    std::copy_n(positions_.data() + static_cast<std::size_t>(b) * x.stride(), kChannelBlock, x.block(b));
  }
  embed_patches(context, activations, rgb, x);
  if (pre_norm_) pre_norm_->forward(context, x, x);
  const std::array<int, 2> row_begins{0, tokens()};
  const std::array<int, 1> class_token{0};
  const Blocked pooled =
      transformer_.forward(context, activations.transformer, {.row_begins = row_begins, .positions = class_token});
  norm_.forward(context, pooled, pooled);
  head_.forward(context, pooled, {.data = embedding.data(), .channels = embed_dim(), .rows = 1});
}

}  // namespace mobileclip
