// Writing a tower's tensors by its table, batch counters and quantised modules included, and checking what was written.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/progress.h"
#include "engine/models/tensor_table.h"
#include "engine/models/tower_weights.h"
#include "engine/weights/safetensors.h"

namespace mobileclip {

/// Writes the tensor `name` (without its tower's prefix) into `out`, element_count(shape) values.
using TensorFill = std::function<void(std::string_view name, const Shape& shape, std::span<float> out)>;

/// The table's tensors under `prefix`, and a counter of zero beside every running_var as published files have it.
std::vector<TensorToWrite> tensors_to_write(const TensorTable& table, std::string_view prefix, DType dtype,
                                            const TensorFill& fill);

/// The three tensors of a quantised module: packed words, scales and biases as `dtype`. Borrows `matrix`.
std::vector<TensorToWrite> quantized_to_write(const std::string& module, const AffineMatrix& matrix, DType dtype);

/// What write_tower() writes. Of `tower` only quantised matrices' shapes are looked at here; it is borrowed.
std::vector<TensorToWrite> tower_to_write(const TowerWeights& tower, const TensorTable& table, DType dtype);

/// Writes `tower`, whose tensors are the table's: what is not quantised, and scales and biases, as `dtype`. Throws
/// std::system_error, or LoadError for values that `dtype` cannot hold.
void write_tower(const std::filesystem::path& file, const TowerWeights& tower, const TensorTable& table, DType dtype,
                 const std::map<std::string, std::string>& metadata, const Progress& progress);

/// Throws LoadError where a value of `read_back` is not the one written as `dtype`, naming `directory` and the tensor.
void check_read_back(const TowerWeights& tower, const TowerWeights& read_back, DType dtype,
                     const std::filesystem::path& directory);

}  // namespace mobileclip
