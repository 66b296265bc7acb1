// Writing a tower's tensors by its table, batch counters included.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/models/tensor_table.h"
#include "engine/weights/safetensors.h"

namespace mobileclip {

/// Writes the tensor `name` (without its tower's prefix) into `out`, element_count(shape) values.
using TensorFill = std::function<void(std::string_view name, const Shape& shape, std::span<float> out)>;

/// The table's tensors under `prefix`, and a counter of zero beside every running_var as published files have it.
std::vector<TensorToWrite> tensors_to_write(const TensorTable& table, std::string_view prefix, DType dtype,
                                            const TensorFill& fill);

}  // namespace mobileclip
