// Model variants as data. Adding one is adding a row to config.cpp (and, for a new architecture, its tensors and
// forward).
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <variant>
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
  bool operator==(const MciConfig&) const = default;
};
inline constexpr int kMciHeadDim = 32;

/// ViT image towers with a class token: timm's (vision_transformer.py) and OpenCLIP's own (transformer.py).
struct VitConfig {
  /// Whose module it is: that decides the tensors' names, and that timm's head has a bias.
  enum class Module { kTimm, kOpenClip };
  struct ConvStep {  ///< of a convolutional stem; its kernel is its stride
    int channels;
    int kernel;
    bool operator==(const ConvStep&) const = default;
  };

  std::string_view name = {};  ///< timm's: "vit_base_mci_224"; OpenCLIP's own has none
  Module module = Module::kOpenClip;
  int width = 768;
  int layers = 12;
  int heads = 12;
  int mlp_width = 3072;
  int patch_size = 32;                   ///< pixels a side; of all steps together where there is a convolutional stem
  std::vector<ConvStep> conv_stem = {};  ///< empty: one patch convolution
  bool pre_norm = true;                  ///< a LayerNorm before the first block
  bool class_position = true;            ///< the class token has a position embedding
  bool quick_gelu = false;
  float layer_norm_eps = 1e-5F;

  [[nodiscard]] int patches(int image_size) const;  ///< of an image of so many pixels a side
  bool operator==(const VitConfig&) const = default;
};

using ImageConfig = std::variant<MciConfig, VitConfig>;

/// "fastvit_mci0", or what tells a ViT that has no name: "ViT, 12 layers of 768, patches of 32".
std::string tower_name(const ImageConfig& image);

/// The CLIP text transformer (open_clip transformer.py::TextTransformer).
struct TextConfig {
  int width = 512;
  int heads = 8;
  int layers = 12;
  int mlp_width = 2048;
  bool causal = false;
  bool quick_gelu = false;
  float layer_norm_eps = 1e-5F;
  int context_length = 77;
  int vocab_size = 49408;
  bool operator==(const TextConfig&) const = default;
};

struct ModelConfig {
  std::string name;  ///< "MobileCLIP2-S0"
  ImageConfig image;
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
/// Image towers that timm has a name for; nullptr where there is none of that name.
const ImageConfig* find_image_tower(std::string_view timm_name);
/// "fastvit_mci0, fastvit_mci1, …": what find_image_tower finds.
std::string image_tower_names();

/// What OpenAI's CLIP and most models after it subtract from pixels in [0, 1] and divide by.
inline constexpr std::array<float, 3> kOpenAiMean{0.48145466F, 0.4578275F, 0.40821073F};
inline constexpr std::array<float, 3> kOpenAiStd{0.26862954F, 0.26130258F, 0.27577711F};

}  // namespace mobileclip
