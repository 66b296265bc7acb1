// Writing model configurations in the forms that model_config_file.h reads.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/models/config.h"

namespace mobileclip {

struct SplitConfigExtras {
  float logit_scale;                     ///< the logarithm
  std::optional<std::string> synthetic;  ///< "seed 1", empty for real weights
};

/// image_encoder_config.json and text_encoder_config.json. Throws std::system_error.
void write_split_configs(const std::filesystem::path& directory, const ModelConfig& config,
                         const SplitConfigExtras& extras);

/// open_clip_config.json, as OpenCLIP publishes it for this model. Throws std::system_error.
void write_open_clip_config(const std::filesystem::path& directory, const ModelConfig& config);

}  // namespace mobileclip
