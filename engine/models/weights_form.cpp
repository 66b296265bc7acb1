#include "engine/models/weights_form.h"

#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/models/directory_layout.h"
#include "engine/models/model_writer.h"
#include "engine/models/quantized_module.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

AffineMatrix quantize(const FloatTensor& tensor, const WeightsForm& form) {
  std::vector<float> values(tensor.values.begin(), tensor.values.end());
  for (float& v : values) v = as_stored(v, form.dtype);
  return quantize_affine(values, tensor.shape[0], *form.quantized, form.dtype);
}

}  // namespace

std::string to_string(const WeightsForm& form) {
  const std::string dtype(to_string(form.dtype));
  return form.quantized ? to_string(*form.quantized) + ", the rest " + dtype : dtype;
}

bool is_quantizable(std::string_view name, const Shape& shape, const AffineFormat& format) {
  return shape.size() == 2 && format.fits(shape[1]) && module_of_weight(name).has_value();
}

TowerWeights in_form(const TowerWeights& tower, const TensorTable& table, const WeightsForm& form,
                     const Progress& progress) {
  TowerWeights result;
  for (const auto& [name, shape] : table) {
    const AffineMatrix* const already = tower.quantized(name);
    if (already && form.quantized) {
      throw LoadError("expected a model in full precision, found tensor " + printable(name) + " in " +
                      to_string(already->format));
    }
    if (form.quantized && is_quantizable(name, shape, *form.quantized)) {
      result.emplace(name, quantize(tower.at(name), form));
    } else {
      result.emplace(name, tower.at(name));
    }
    if (progress && form.quantized) progress("quantizing", result.size(), table.size());
  }
  return result;
}

std::map<std::string, std::string> weights_metadata(const WeightsForm& form,
                                                    const std::optional<std::string>& synthetic) {
  std::map<std::string, std::string> metadata{{"format", form.quantized ? "mlx" : "pt"}};
  if (synthetic) metadata.emplace(kSyntheticKey, *synthetic);
  return metadata;
}

std::uint64_t tower_file_bytes(const TensorTable& table, const WeightsForm& form,
                               const std::map<std::string, std::string>& metadata) {
  TowerWeights matrices;  // shapes without values
  for (const auto& [name, shape] : table) {
    if (!form.quantized || !is_quantizable(name, shape, *form.quantized)) continue;
    AffineMatrix matrix;
    matrix.format = *form.quantized;
    matrix.rows = shape[0];
    matrix.columns = shape[1];
    matrices.emplace(name, std::move(matrix));
  }
  return safetensors_bytes(tower_to_write(matrices, table, form.dtype), metadata);
}

std::uint64_t float_bytes(const TensorTable& table) {
  std::uint64_t elements = 0;
  for (const auto& [name, shape] : table) elements += static_cast<std::uint64_t>(element_count(shape));
  return elements * sizeof(float);
}

}  // namespace mobileclip
