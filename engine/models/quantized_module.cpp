#include "engine/models/quantized_module.h"

#include <cstring>
#include <vector>

#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

constexpr std::string_view kScales = ".scales";

const StoredTensor* find(const StoredTower& stored, const std::string& name) {
  const auto found = stored.find(name);
  return found == stored.end() ? nullptr : found->second;
}

/// The path that the configuration knows a module by, tower's prefix included.
std::string_view full_path(const QuantizedModule& module) {
  const std::string_view scales = module.scales->name;
  return scales.substr(0, scales.size() - kScales.size());
}

}  // namespace

std::optional<std::string> module_of_weight(std::string_view name) {
  // torch's MultiheadAttention keeps three projections in one matrix and calls it in_proj_weight.
  for (const std::string_view leaf : {".weight", "_weight"}) {
    if (name.ends_with(leaf)) return std::string(name.substr(0, name.size() - leaf.size()));
  }
  return std::nullopt;
}

std::optional<QuantizedModule> find_quantized(const StoredTower& stored, std::string_view name) {
  std::optional<std::string> module = module_of_weight(name);
  if (!module) return std::nullopt;
  const StoredTensor* const scales = find(stored, *module + std::string(kScales));
  if (!scales) return std::nullopt;
  const StoredTensor* const words = find(stored, *module + ".weight");
  const StoredTensor* const biases = find(stored, *module + ".biases");
  return QuantizedModule{.name = *std::move(module), .words = words, .scales = scales, .biases = biases};
}

std::string problem_of(const QuantizedModule& module, const Shape& shape, const QuantizationConfig& config) {
  const std::string where = printable(module.name);
  if (shape.size() != 2) return where + " expected not to be quantised: it is no matrix, found scales";
  const std::optional<AffineFormat> format = config.of(full_path(module));
  if (!format) {
    return where + R"( expected a configuration with "quantization" for it, as it has scales, found none)";
  }
  if (!format->fits(shape[1])) {
    return where + " expected rows of whole groups, found " + to_string(shape) + " and " + to_string(*format);
  }
  const auto check = [&](const StoredTensor* tensor, const char* leaf, const Shape& expected) -> std::string {
    const std::string name = printable(module.name + leaf);
    if (!tensor) return name + " expected " + to_string(expected) + ", found none";
    if (tensor->shape == expected) return "";
    return name + " expected " + to_string(expected) + " for " + to_string(*format) + ", found " +
           to_string(tensor->shape);
  };
  const Shape groups{shape[0], shape[1] / format->group_size};
  std::string problem = check(module.words, ".weight", {shape[0], shape[1] * format->bits / 32});
  if (problem.empty()) problem = check(module.scales, ".scales", groups);
  if (problem.empty()) problem = check(module.biases, ".biases", groups);
  if (problem.empty() && module.words->dtype != DType::kU32) {
    problem = printable(module.name + ".weight") + " expected dtype U32, found " +
              std::string(to_string(module.words->dtype));
  }
  return problem;
}

AffineMatrix read_quantized(const TensorStore& store, const QuantizedModule& module, const Shape& shape,
                            const QuantizationConfig& config) {
  const FloatTensor scales = store.floats(*module.scales);
  const FloatTensor biases = store.floats(*module.biases);
  AffineMatrix matrix{.format = *config.of(full_path(module)),
                      .rows = shape[0],
                      .columns = shape[1],
                      .words = std::vector<std::uint32_t>(module.words->bytes.size() / sizeof(std::uint32_t)),
                      .scales = {scales.values.begin(), scales.values.end()},
                      .biases = {biases.values.begin(), biases.values.end()}};
  std::memcpy(matrix.words.data(), module.words->bytes.data(), module.words->bytes.size());
  return matrix;
}

}  // namespace mobileclip
