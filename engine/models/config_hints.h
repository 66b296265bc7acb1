// What a model directory's configuration files say, whatever their layout, and the model configuration that follows.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>

#include "engine/models/config.h"

namespace mobileclip {

/// Members that no file names are empty; the rest follows from the variant that the tensors' shapes name.
struct ConfigHints {
  std::optional<std::string> model_name;  ///< "MobileCLIP2-S0"
  std::optional<ImageConfig> image;       ///< a ViT of OpenCLIP's as if `quick_gelu` were false
  std::optional<bool> quick_gelu;         ///< of the text tower and of OpenCLIP's own ViTs
  std::optional<int> embed_dim;
  std::optional<int> image_size;
  std::optional<std::array<float, 3>> mean;
  std::optional<std::array<float, 3>> std;
  std::optional<Interpolation> interpolation;
  std::optional<int> width;
  std::optional<int> heads;
  std::optional<int> layers;
  std::optional<int> mlp_width;
  std::optional<float> layer_norm_eps;
  std::optional<int> context_length;
  std::optional<int> vocab_size;
  std::optional<bool> causal;
  std::optional<float> logit_scale;      ///< the logarithm, as checkpoints store it
  std::optional<std::string> synthetic;  ///< "seed 1": the weights were made up
};

/// `closest` is the known model that the tensors fit best; `file` is named in errors. Throws LoadError where the hints
/// name an unknown variant, contradict each other, or describe a tower that the engine's layers cannot be cut into.
ModelConfig resolve_config(const ConfigHints& hints, const ModelConfig& closest, const std::filesystem::path& file);

}  // namespace mobileclip
