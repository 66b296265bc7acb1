// Reading model configurations: OpenCLIP's open_clip_config.json, and the split layout's one JSON file a tower.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>

#include "engine/models/config.h"

namespace mobileclip {

/// What configuration files say; the rest follows from the variant that the tensors' shapes name.
struct ConfigHints {
  std::optional<std::string> model_name;     ///< "MobileCLIP2-S0"
  std::optional<std::string> image_variant;  ///< "fastvit_mci0"
  std::optional<int> embed_dim;
  std::optional<int> image_size;
  std::optional<std::array<float, 3>> mean;
  std::optional<std::array<float, 3>> std;
  std::optional<Interpolation> interpolation;
  std::optional<int> width;
  std::optional<int> heads;
  std::optional<int> layers;
  std::optional<int> context_length;
  std::optional<int> vocab_size;
  std::optional<bool> causal;
  std::optional<float> logit_scale;      ///< the logarithm, as checkpoints store it
  std::optional<std::string> synthetic;  ///< "seed 1": the weights were made up
};

/// Adds what `file` says. Takes OpenCLIP's whole document {"model_cfg": …, "preprocess_cfg": …} as well as the flat
/// members of the split layout (model_config_writer.h). Unknown members are ignored: other tools write them.
/// Members of a wrong type, out of range, or that ask for what the engine does not do are LoadErrors naming file and
/// member.
void read_config_file(const std::filesystem::path& file, ConfigHints& hints);

/// `closest` is the known model that the tensors fit best; `file` is named in errors. Throws LoadError where the hints
/// name an unknown variant or contradict each other.
ModelConfig resolve_config(const ConfigHints& hints, const ModelConfig& closest, const std::filesystem::path& file);

}  // namespace mobileclip
