// A stored tower's quantised modules: "<module>.weight", ".scales" and ".biases" in place of a table's matrix.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/models/directory_layout.h"
#include "engine/models/quantization_config.h"
#include "engine/models/tensor_table.h"
#include "engine/weights/affine_quantization.h"

namespace mobileclip {

/// The three tensors of one module; some may be missing.
struct QuantizedModule {
  std::string name;  ///< without the tower's prefix
  const StoredTensor* words;
  const StoredTensor* scales;
  const StoredTensor* biases;
};

/// The module whose weight the table calls `name`: "mlp.c_fc" for "mlp.c_fc.weight", "attn.in_proj" for
/// "attn.in_proj_weight", nothing where the name is no weight's.
std::optional<std::string> module_of_weight(std::string_view name);

/// The quantised module that stands for the table's tensor `name`, nothing where there is none: a module is quantised
/// where its scales are there.
std::optional<QuantizedModule> find_quantized(const StoredTower& stored, std::string_view name);

/// What is wrong with `module` in place of a tensor of `shape`, naming it, what was expected and what was found; empty
/// where nothing is.
std::string problem_of(const QuantizedModule& module, const Shape& shape, const QuantizationConfig& config);

/// problem_of() found nothing. Throws LoadError for scales that are NaN or infinite.
AffineMatrix read_quantized(const TensorStore& store, const QuantizedModule& module, const Shape& shape,
                            const QuantizationConfig& config);

}  // namespace mobileclip
