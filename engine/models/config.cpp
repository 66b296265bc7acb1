#include "engine/models/config.h"

#include <algorithm>

namespace mobileclip {
namespace {

constexpr std::array<float, 3> kOpenAiMean{0.48145466F, 0.4578275F, 0.40821073F};
constexpr std::array<float, 3> kOpenAiStd{0.26862954F, 0.26130258F, 0.27577711F};

const std::vector<MciConfig>& mci_variants() {  // timm fastvit.py::fastvit_mci0 … fastvit_mci4
  static const std::vector<MciConfig> variants{
      {.name = "fastvit_mci0",
       .layers = {2, 6, 10, 2},
       .embed_dims = {64, 128, 256, 512},
       .mlp_ratio = 3,
       .se_downsamples = {false, false, true, true}},
      {.name = "fastvit_mci1",
       .layers = {4, 12, 20, 4},
       .embed_dims = {64, 128, 256, 512},
       .mlp_ratio = 3,
       .se_downsamples = {false, false, true, true}},
      {.name = "fastvit_mci2",
       .layers = {4, 12, 24, 4},
       .embed_dims = {80, 160, 320, 640},
       .mlp_ratio = 3,
       .se_downsamples = {false, false, true, true}},
      {.name = "fastvit_mci3",
       .layers = {2, 12, 24, 4, 2},
       .embed_dims = {96, 192, 384, 768, 1536},
       .mlp_ratio = 4,
       .se_downsamples = {false, false, false, false, false},
       .layer_norm = true,
       .stem_conv_scale = false},
      {.name = "fastvit_mci4",
       .layers = {2, 12, 24, 4, 4},
       .embed_dims = {128, 256, 512, 1024, 2048},
       .mlp_ratio = 4,
       .se_downsamples = {false, false, false, false, false},
       .layer_norm = true,
       .stem_conv_scale = false},
  };
  return variants;
}

const MciConfig& mci(int index) { return mci_variants()[static_cast<std::size_t>(index)]; }

const std::vector<ModelConfig>& models() {  // open_clip model_configs/<name>.json
  constexpr TextConfig kText512{.width = 512, .heads = 8};
  constexpr TextConfig kText768{.width = 768, .heads = 12};
  static const std::vector<ModelConfig> configs{
      {.name = "MobileCLIP2-S0", .image = mci(0), .text = kText512, .embed_dim = 512, .preprocess = {}},
      {.name = "MobileCLIP2-S2", .image = mci(2), .text = kText512, .embed_dim = 512, .preprocess = {}},
      {.name = "MobileCLIP2-S3",
       .image = mci(3),
       .text = kText768,
       .embed_dim = 768,
       .preprocess = {},
       .mean = kOpenAiMean,
       .std = kOpenAiStd},
      {.name = "MobileCLIP2-S4",
       .image = mci(4),
       .text = kText768,
       .embed_dim = 768,
       .preprocess = {},
       .mean = kOpenAiMean,
       .std = kOpenAiStd},
      {.name = "MobileCLIP-S1", .image = mci(1), .text = kText512, .embed_dim = 512, .preprocess = {}},
  };
  return configs;
}

}  // namespace

std::span<const ModelConfig> known_models() { return models(); }

const ModelConfig* find_model(std::string_view name) {
  const auto it = std::ranges::find(models(), name, &ModelConfig::name);
  return it == models().end() ? nullptr : &*it;
}

const MciConfig* find_mci(std::string_view name) {
  const auto it = std::ranges::find(mci_variants(), name, &MciConfig::name);
  return it == mci_variants().end() ? nullptr : &*it;
}

}  // namespace mobileclip
