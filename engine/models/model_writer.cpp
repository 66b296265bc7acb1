#include "engine/models/model_writer.h"

namespace mobileclip {

std::vector<TensorToWrite> tensors_to_write(const TensorTable& table, std::string_view prefix, DType dtype,
                                            const TensorFill& fill) {
  constexpr std::string_view kVariance = "running_var";
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, shape] : table) {
    tensors.push_back({.name = std::string(prefix) + name,
                       .dtype = dtype,
                       .shape = shape,
                       .fill = [fill, name = name, shape = shape](std::span<float> out) { fill(name, shape, out); }});
    if (!name.ends_with(kVariance)) continue;
    const std::string owner = name.substr(0, name.size() - kVariance.size());
    tensors.push_back(
        {.name = std::string(prefix) + owner + "num_batches_tracked", .dtype = DType::kI64, .shape = {}, .fill = {}});
  }
  return tensors;
}

}  // namespace mobileclip
