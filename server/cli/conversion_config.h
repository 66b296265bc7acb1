// The file of `convert --config`: which models to make of which, and in which form.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/models/weights_form.h"

namespace mobileclip::server {

enum class ModelTask { kImageText, kText };
std::string to_string(ModelTask task);  ///< as the file spells it

/// The form of the least loss whose weights files fit.
struct TargetSize {
  std::uint64_t bytes;
};

struct ConversionEntry {
  std::string place;  ///< "models.yaml:3", for messages
  std::string name;   ///< of the directory to write
  std::filesystem::path source;
  std::optional<ModelTask> task;  ///< nothing: either
  std::variant<WeightsForm, TargetSize> form;
};

struct ConversionConfig {
  std::filesystem::path output;  ///< directory of the directories to write
  std::vector<ConversionEntry> models;
};

/// Reads
///   output: models/converted      # default: where the file lies
///   models:
///     - name: MobileCLIP2-S0-8bit
///       source: models/MobileCLIP2-S0
///       task: image-text          # or text; left out: either
///       quantization: {bits: 8, group_size: 64, dtype: f16}  # each may be left out; or {target_size_mb: 100}
/// Throws ConfigError (server/config/options.h): "models.yaml:3: …", what was expected and what was found.
ConversionConfig read_conversion_config(const std::filesystem::path& file);

}  // namespace mobileclip::server
