// Writing model configurations in the forms that model_config_file.h reads.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/models/config.h"
#include "engine/weights/affine_quantization.h"

namespace mobileclip {

struct SplitConfigExtras {
  float logit_scale;                     ///< the logarithm
  std::optional<std::string> synthetic;  ///< "seed 1", empty for real weights
};

/// image_encoder_config.json and text_encoder_config.json. Throws std::system_error.
void write_split_configs(const std::filesystem::path& directory, const ModelConfig& config,
                         const SplitConfigExtras& extras);

/// config.json with what MLX writes of quantised modules. Throws std::system_error.
void write_quantization_config(const std::filesystem::path& directory, const AffineFormat& format);

/// The JSON object in `source` to `target`, with the same in the place of what it says of quantisation, or with nothing
/// there; byte for byte where that changes nothing. Throws LoadError, std::system_error.
void write_encoder_config(const std::filesystem::path& source, const std::filesystem::path& target,
                          const std::optional<AffineFormat>& format);

/// Whether OpenCLIP runs the model by its CustomTextCLIP class, whose text tower's names begin "text.". Its CLIP class,
/// of models whose image tower is OpenCLIP's own, holds the text tower's parts itself.
bool has_custom_text(const ModelConfig& config);

/// open_clip_config.json, as OpenCLIP publishes it for this model. Throws std::system_error.
void write_open_clip_config(const std::filesystem::path& directory, const ModelConfig& config);

}  // namespace mobileclip
