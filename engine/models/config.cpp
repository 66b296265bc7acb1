#include "engine/models/config.h"

#include <algorithm>

namespace mobileclip {
namespace {

const std::vector<ImageConfig>& image_towers() {
  using Module = VitConfig::Module;
  static const std::vector<ImageConfig> towers{
      // timm fastvit.py::fastvit_mci0 … fastvit_mci4
      MciConfig{.name = "fastvit_mci0",
                .layers = {2, 6, 10, 2},
                .embed_dims = {64, 128, 256, 512},
                .mlp_ratio = 3,
                .se_downsamples = {false, false, true, true}},
      MciConfig{.name = "fastvit_mci1",
                .layers = {4, 12, 20, 4},
                .embed_dims = {64, 128, 256, 512},
                .mlp_ratio = 3,
                .se_downsamples = {false, false, true, true}},
      MciConfig{.name = "fastvit_mci2",
                .layers = {4, 12, 24, 4},
                .embed_dims = {80, 160, 320, 640},
                .mlp_ratio = 3,
                .se_downsamples = {false, false, true, true}},
      MciConfig{.name = "fastvit_mci3",
                .layers = {2, 12, 24, 4, 2},
                .embed_dims = {96, 192, 384, 768, 1536},
                .mlp_ratio = 4,
                .se_downsamples = {false, false, false, false, false},
                .layer_norm = true,
                .stem_conv_scale = false},
      MciConfig{.name = "fastvit_mci4",
                .layers = {2, 12, 24, 4, 4},
                .embed_dims = {128, 256, 512, 1024, 2048},
                .mlp_ratio = 4,
                .se_downsamples = {false, false, false, false, false},
                .layer_norm = true,
                .stem_conv_scale = false},
      // timm vision_transformer_hybrid.py::vit_base_mci_224, vision_transformer.py::vit_*_clip_224
      VitConfig{.name = "vit_base_mci_224",
                .module = Module::kTimm,
                .patch_size = 16,
                .conv_stem = {{192, 4}, {192, 2}, {768, 2}},
                .pre_norm = false,
                .class_position = false,
                .layer_norm_eps = 1e-6F},
      VitConfig{.name = "vit_base_patch32_clip_224", .module = Module::kTimm, .patch_size = 32},
      VitConfig{.name = "vit_base_patch16_clip_224", .module = Module::kTimm, .patch_size = 16},
      VitConfig{.name = "vit_large_patch14_clip_224",
                .module = Module::kTimm,
                .width = 1024,
                .layers = 24,
                .heads = 16,
                .mlp_width = 4096,
                .patch_size = 14},
  };
  return towers;
}

std::string_view timm_name(const ImageConfig& image) {
  return std::visit([](const auto& tower) { return tower.name; }, image);
}

const std::vector<ModelConfig>& models() {  // open_clip model_configs/<name>.json
  constexpr TextConfig kText512{.width = 512, .heads = 8, .mlp_width = 2048};
  constexpr TextConfig kText768{.width = 768, .heads = 12, .mlp_width = 3072};
  const auto causal = [](TextConfig text, bool quick_gelu) {
    text.causal = true;
    text.quick_gelu = quick_gelu;
    return text;
  };
  const VitConfig base{.patch_size = 16};
  const VitConfig large{.width = 1024, .layers = 24, .heads = 16, .mlp_width = 4096, .patch_size = 14};
  const auto open_clip = [&](const char* name, VitConfig vit, int patch_size, bool quick_gelu) {
    vit.patch_size = patch_size;
    vit.quick_gelu = quick_gelu;
    const bool is_large = vit.width == large.width;
    return ModelConfig{.name = name,
                       .image = vit,
                       .text = causal(is_large ? kText768 : kText512, quick_gelu),
                       .embed_dim = is_large ? 768 : 512,
                       .preprocess = {.image_size = 224, .interpolation = Interpolation::kBicubic},
                       .mean = kOpenAiMean,
                       .std = kOpenAiStd};
  };
  const auto tower = [](std::string_view name) { return *find_image_tower(name); };
  static const std::vector<ModelConfig> configs{
      {.name = "MobileCLIP2-S0", .image = tower("fastvit_mci0"), .text = kText512, .embed_dim = 512, .preprocess = {}},
      {.name = "MobileCLIP2-S2", .image = tower("fastvit_mci2"), .text = kText512, .embed_dim = 512, .preprocess = {}},
      {.name = "MobileCLIP2-S3",
       .image = tower("fastvit_mci3"),
       .text = kText768,
       .embed_dim = 768,
       .preprocess = {},
       .mean = kOpenAiMean,
       .std = kOpenAiStd},
      {.name = "MobileCLIP2-S4",
       .image = tower("fastvit_mci4"),
       .text = kText768,
       .embed_dim = 768,
       .preprocess = {},
       .mean = kOpenAiMean,
       .std = kOpenAiStd},
      {.name = "MobileCLIP-S1", .image = tower("fastvit_mci1"), .text = kText512, .embed_dim = 512, .preprocess = {}},
      {.name = "MobileCLIP2-B",
       .image = tower("vit_base_mci_224"),
       .text = causal(kText512, false),
       .embed_dim = 512,
       .preprocess = {.image_size = 224}},
      {.name = "MobileCLIP2-L-14",
       .image = tower("vit_large_patch14_clip_224"),
       .text = kText768,
       .embed_dim = 768,
       .preprocess = {.image_size = 224, .interpolation = Interpolation::kBicubic},
       .mean = kOpenAiMean,
       .std = kOpenAiStd},
      // LAION's and DataComp's by these names, OpenAI's as "-quickgelu". Nothing but a configuration tells them apart.
      open_clip("ViT-B-32", base, 32, false),
      open_clip("ViT-B-32-quickgelu", base, 32, true),
      open_clip("ViT-B-16", base, 16, false),
      open_clip("ViT-B-16-quickgelu", base, 16, true),
      open_clip("ViT-L-14", large, 14, false),
      open_clip("ViT-L-14-quickgelu", large, 14, true),
  };
  return configs;
}

}  // namespace

int VitConfig::patches(int image_size) const {
  if (conv_stem.empty()) return image_size / patch_size;
  for (const ConvStep& step : conv_stem) image_size /= step.kernel;
  return image_size;
}

std::string tower_name(const ImageConfig& image) {
  if (const std::string_view name = timm_name(image); !name.empty()) return std::string(name);
  const auto& vit = std::get<VitConfig>(image);
  return "ViT, " + std::to_string(vit.layers) + " layers of " + std::to_string(vit.width) + ", patches of " +
         std::to_string(vit.patch_size);
}

std::span<const ModelConfig> known_models() { return models(); }

const ModelConfig* find_model(std::string_view name) {
  const auto it = std::ranges::find(models(), name, &ModelConfig::name);
  return it == models().end() ? nullptr : &*it;
}

const ImageConfig* find_image_tower(std::string_view name) {
  const auto it = std::ranges::find(image_towers(), name, timm_name);
  return it == image_towers().end() ? nullptr : &*it;
}

std::string image_tower_names() {
  std::string names;
  for (const ImageConfig& tower : image_towers()) names += (names.empty() ? "" : ", ") + tower_name(tower);
  return names;
}

}  // namespace mobileclip
