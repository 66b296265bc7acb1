// Model variants as data. Adding one is adding a row to config.cpp (and, for a new architecture, its tensors and
// forward).
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/preprocess/image_preprocessor.h"

namespace mobileclip {

/// FastViT MCi image towers (timm fastvit.py; the names are its arguments).
struct MciConfig {
  std::string_view name;        ///< "fastvit_mci0"
  std::vector<int> layers;      ///< blocks a stage
  std::vector<int> embed_dims;  ///< channels a stage
  int mlp_ratio;
  std::vector<bool> se_downsamples;  ///< stages whose down-sampler has squeeze-excite
  int attention_from = 3;            ///< first stage of AttentionBlocks; RepMixerBlocks before it
  bool layer_norm = false;           ///< AttentionBlock norm: LayerNorm2d instead of BatchNorm2d
  bool stem_conv_scale = true;       ///< the stem's blocks have a conv_scale branch (stem_use_scale_branch)

  [[nodiscard]] int final_dim() const { return 2 * embed_dims.back(); }  ///< channels after final_conv (cls_ratio 2)
};
inline constexpr int kMciHeadDim = 32;

/// The CLIP text transformer (open_clip transformer.py::TextTransformer).
struct TextConfig {
  int width = 512;
  int heads = 8;
  int layers = 12;
  int mlp_ratio = 4;
  bool causal = false;
  int context_length = 77;
  int vocab_size = 49408;
};

struct ModelConfig {
  std::string name;  ///< "MobileCLIP2-S0"
  MciConfig image;
  TextConfig text;
  int embed_dim = 512;
  PreprocessConfig preprocess;
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> std{1, 1, 1};
};

/// Every variant known by name.
std::span<const ModelConfig> known_models();
/// nullptr where there is none of that name.
const ModelConfig* find_model(std::string_view name);
const MciConfig* find_mci(std::string_view name);

}  // namespace mobileclip
