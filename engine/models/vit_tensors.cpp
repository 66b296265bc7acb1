// The tensors of ViT image towers, in timm's names and in OpenCLIP's.
#include <string>

#include "engine/models/tensor_table_writer.h"

namespace mobileclip {
namespace {

constexpr int kRgb = 3;

/// timm vision_transformer.py::VisionTransformer, patch embedding by PatchEmbed or, with a convolutional stem,
/// vision_transformer_hybrid.py::ConvStem.
void add_timm_vit(TensorTableWriter& writer, const VitConfig& config, int embed_dim, int patches) {
  const int width = config.width;
  writer.add("trunk.cls_token", {1, 1, width});
  writer.add("trunk.pos_embed", {1, patches + (config.class_position ? 1 : 0), width});
  if (config.conv_stem.empty()) {
    writer.add("trunk.patch_embed.proj.weight", {width, kRgb, config.patch_size, config.patch_size});
  }
  int in = kRgb;
  for (std::size_t i = 0; i < config.conv_stem.size(); ++i) {
    const auto [channels, kernel] = config.conv_stem[i];
    const std::string p = "trunk.patch_embed.backbone." + std::to_string(i) + ".";
    if (i + 1 < config.conv_stem.size()) {
      writer.conv_bn(p, channels, in, kernel);
    } else {
      writer.weight_bias(p + "conv.", {channels, in, kernel, kernel});
    }
    in = channels;
  }
  if (config.pre_norm) writer.weight_bias("trunk.norm_pre.", {width});
  for (int i = 0; i < config.layers; ++i) {
    writer.block("trunk.blocks." + std::to_string(i) + ".", kTimmBlock, width, config.mlp_width);
  }
  writer.weight_bias("trunk.norm.", {width});
  writer.weight_bias("trunk.head.", {embed_dim, width});
}

/// open_clip transformer.py::VisionTransformer.
void add_open_clip_vit(TensorTableWriter& writer, const VitConfig& config, int embed_dim, int patches) {
  const int width = config.width;
  writer.add("class_embedding", {width});
  writer.add("positional_embedding", {patches + 1, width});
  writer.add("proj", {width, embed_dim});
  writer.add("conv1.weight", {width, kRgb, config.patch_size, config.patch_size});
  if (config.pre_norm) writer.weight_bias("ln_pre.", {width});
  for (int i = 0; i < config.layers; ++i) {
    writer.block("transformer.resblocks." + std::to_string(i) + ".", kOpenClipBlock, width, config.mlp_width);
  }
  writer.weight_bias("ln_post.", {width});
}

}  // namespace

TensorTable image_tensors(const VitConfig& config, int embed_dim, int image_size) {
  TensorTable table;
  TensorTableWriter writer(table);
  const int side = config.patches(image_size);
  const bool is_timm = config.module == VitConfig::Module::kTimm;
  (is_timm ? add_timm_vit : add_open_clip_vit)(writer, config, embed_dim, side * side);
  return table;
}

}  // namespace mobileclip
