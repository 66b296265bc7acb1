// In which form weights are written: the type of their values, and whether matrices are quantised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/progress.h"
#include "engine/models/tensor_table.h"
#include "engine/models/tower_weights.h"
#include "engine/weights/affine_quantization.h"

namespace mobileclip {

struct WeightsForm {
  DType dtype = DType::kF32;  ///< of scales, biases and what is not quantised: kF32, kF16 or kBF16
  std::optional<AffineFormat> quantized = std::nullopt;
};

std::string to_string(const WeightsForm& form);  ///< "F16", "8 bits in groups of 64, the rest F16"

/// Whether MLX would quantise the table's tensor: the weight of a linear layer or an embedding whose rows are whole
/// groups.
bool is_quantizable(std::string_view name, const Shape& shape, const AffineFormat& format);

/// The tower's matrices quantised as MLX does arrays of `form.dtype`, where the form asks for it; else all of it in
/// full. Progress counts tensors. Throws LoadError where a matrix to be quantised already is.
TowerWeights in_form(const TowerWeights& tower, const TensorTable& table, const WeightsForm& form,
                     const Progress& progress = {});

/// What a weights file says of itself: {"format": "mlx"} where it is quantised, else "pt"; where its values were made
/// up.
std::map<std::string, std::string> weights_metadata(const WeightsForm& form,
                                                    const std::optional<std::string>& synthetic);

/// Exactly what write_tower() writes of the table's tensors in that form.
std::uint64_t tower_file_bytes(const TensorTable& table, const WeightsForm& form,
                               const std::map<std::string, std::string>& metadata);

/// What the table's tensors take as float32.
std::uint64_t float_bytes(const TensorTable& table);

}  // namespace mobileclip
