#include "engine/models/weight_layers.h"

#include <vector>

namespace mobileclip {
namespace {

AffineWeight view(const AffineMatrix& matrix) {
  return {.bits = matrix.format.bits,
          .group_size = matrix.format.group_size,
          .words = matrix.words,
          .scales = matrix.scales,
          .biases = matrix.biases};
}

std::span<const float> bias_of(const WeightScope& scope) {
  return scope.has("bias") ? scope("bias") : std::span<const float>();
}

}  // namespace

Linear read_linear(const WeightScope& scope, int out, int in, Arithmetic arithmetic) {
  if (const AffineMatrix* const matrix = scope.quantized("weight")) {
    return {out, in, view(*matrix), bias_of(scope), arithmetic};
  }
  return {out, in, scope("weight"), bias_of(scope), arithmetic};
}

FoldedLayer read_layer(const WeightScope& scope, std::string_view weight, std::string_view bias) {
  const auto bias_values = scope(bias);
  FoldedLayer layer{.weight = {}, .bias = {bias_values.begin(), bias_values.end()}};
  if (const AffineMatrix* const matrix = scope.quantized(weight)) {
    layer.quantized = *matrix;
  } else {
    const auto values = scope(weight);
    layer.weight.assign(values.begin(), values.end());
  }
  return layer;
}

Linear packed(const FoldedLayer& layer, int out, int in, Arithmetic arithmetic) {
  if (layer.quantized) return {out, in, view(*layer.quantized), layer.bias, arithmetic};
  return {out, in, layer.weight, layer.bias, arithmetic};
}

Linear read_projection(const WeightScope& scope, std::string_view leaf, int out, int in) {
  const std::span<const float> stored = scope(leaf);
  const auto outputs = static_cast<std::size_t>(out);
  std::vector<float> weight(stored.size());
  for (std::size_t i = 0; i < static_cast<std::size_t>(in); ++i) {
    for (std::size_t o = 0; o < outputs; ++o) weight[o * static_cast<std::size_t>(in) + i] = stored[i * outputs + o];
  }
  return {out, in, weight, {}};
}

LayerNorm read_layer_norm(const WeightScope& scope, float eps) { return {scope("weight"), bias_of(scope), eps}; }

}  // namespace mobileclip
