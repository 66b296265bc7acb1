// What a checkpoint's configuration says of its quantised modules, as MLX writes it: "quantization", repeated as
// "quantization_config".
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/weights/affine_quantization.h"

namespace mobileclip {

struct QuantizationConfig {
  std::optional<AffineFormat> format;  ///< nothing where no module is quantised
  /// By a module's path; nothing where the configuration says `false`.
  std::map<std::string, std::optional<AffineFormat>, std::less<>> modules;

  [[nodiscard]] std::optional<AffineFormat> of(std::string_view module) const;
  bool operator==(const QuantizationConfig&) const = default;
};

/// Of a JSON document; `file` is named in errors. Empty where neither member is there or both are null. Throws
/// LoadError naming the member where it is malformed, where the two differ, and for what the engine does not compute:
/// modes other than affine, bits other than 4 and 8, groups other than 32, 64 and 128, methods that are not MLX's.
QuantizationConfig parse_quantization(std::string_view json, const std::filesystem::path& file);

/// The same of a file of at most 1 MiB; empty where there is no such file.
QuantizationConfig read_quantization(const std::filesystem::path& file);

}  // namespace mobileclip
