// A model's matrices into MLX's affine form: a CLIP model in any layout we read → the split layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/base/progress.h"
#include "engine/models/tensor_table.h"
#include "engine/models/tower_weights.h"
#include "engine/weights/affine_quantization.h"

namespace mobileclip {

struct QuantizeOptions {
  AffineFormat format{.bits = 8, .group_size = 64};
  DType dtype = DType::kF32;  ///< of scales, biases and what is not quantised: kF32, kF16 or kBF16
};

/// What was quantised, for the caller to report.
struct QuantizeReport {
  std::string model;             ///< "MobileCLIP2-S0"
  std::string source_layout;     ///< as LoadedModel's
  std::size_t modules = 0;       ///< quantised
  std::size_t tensors = 0;       ///< written and, read back, compared
  std::uint64_t bytes = 0;       ///< of the written weights files
  std::uint64_t full_bytes = 0;  ///< what they would take as float32
  std::string fingerprint;       ///< of what was written
  bool has_vocabulary = false;   ///< the source had one, which was copied
};

/// Whether MLX would quantise the table's tensor: the weight of a linear layer or an embedding whose rows are whole
/// groups.
bool is_quantizable(std::string_view name, const Shape& shape, const AffineFormat& format);

/// What the table's tensors take as float32.
std::uint64_t float_bytes(const TensorTable& table);

/// The tower with every such matrix quantised as MLX does an array of `options.dtype`. Throws LoadError where one
/// already is.
TowerWeights quantize_tower(const TowerWeights& tower, const TensorTable& table, const QuantizeOptions& options);

/// Reads `source`, writes `target` (see OutputDirectory) with "quantization" in its config.json, reads it back and
/// compares every word. The text tower is quantised; the image tower stays in full, since its linear layers take part
/// in the folding at load. Progress counts bytes. Throws LoadError for a source that cannot be used or a result that
/// differs, std::system_error where writing fails; then `target` is as before.
QuantizeReport quantize_model(const std::filesystem::path& source, const std::filesystem::path& target,
                              const QuantizeOptions& options, const Progress& progress = {});

}  // namespace mobileclip
