// The file of `convert --config`: which models to make of which, and how small.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/weights/tensor_store.h"

namespace mobileclip::server {

enum class ModelTask { kAny, kImageText, kText };

/// Either a type or a size to fit in.
struct WeightsForm {
  DType dtype = DType::kF32;                  ///< kF32, kF16 or kBF16
  std::optional<std::uint64_t> target_bytes;  ///< then the dtype of the least loss whose weights fit
};

struct ConversionEntry {
  std::string place;  ///< "models.yaml:3", for messages
  std::string name;   ///< of the directory to write
  std::filesystem::path source;
  ModelTask task = ModelTask::kAny;
  WeightsForm form;
};

struct ConversionConfig {
  std::filesystem::path output;  ///< directory of the directories to write
  std::vector<ConversionEntry> models;
};

/// Reads
///   output: models/converted      # default: where the file lies
///   models:
///     - name: MobileCLIP2-S0-f16
///       source: models/MobileCLIP2-S0
///       task: image-text          # or text; left out: either
///       quantization: {dtype: f16}  # f32, f16, bf16; or {target_size_mb: 100}; left out: f32
/// Throws ConfigError (server/config/options.h): "models.yaml:3: …", what was expected and what was found.
ConversionConfig read_conversion_config(const std::filesystem::path& file);

}  // namespace mobileclip::server
