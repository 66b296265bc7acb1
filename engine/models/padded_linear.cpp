#include "engine/models/padded_linear.h"

#include <vector>

#include "engine/models/weight_layers.h"

namespace mobileclip {

Linear padded_linear(std::span<const float> weight, std::span<const float> bias, Channels out, Channels in,
                     Arithmetic arithmetic) {
  if (!out.is_padded() && !in.is_padded()) return {out.count(), in.count(), weight, bias, arithmetic};
  const auto size = [](int value) { return static_cast<std::size_t>(value); };
  std::vector<float> padded_weight(size(out.padded()) * size(in.padded()));
  std::vector<float> padded_bias(bias.empty() ? 0 : size(out.padded()));
  for (int o = 0; o < out.count(); ++o) {
    const std::span<const float> row = weight.subspan(size(o) * size(in.count()), size(in.count()));
    float* to = padded_weight.data() + size(out.position(o)) * size(in.padded());
    for (int i = 0; i < in.count(); ++i) to[in.position(i)] = row[size(i)];
    if (!bias.empty()) padded_bias[size(out.position(o))] = bias[size(o)];
  }
  return {out.padded(), in.padded(), padded_weight, padded_bias, arithmetic};
}

Linear padded_packed(const FoldedLayer& layer, Channels out, Channels in, Arithmetic arithmetic) {
  if (!out.is_padded() && !in.is_padded()) return packed(layer, out.count(), in.count(), arithmetic);
  if (!layer.quantized) return padded_linear(layer.weight, layer.bias, out, in, arithmetic);
  return padded_linear(dequantize(*layer.quantized), layer.bias, out, in, arithmetic);
}

Linear read_padded_linear(const WeightScope& scope, Channels out, Channels in, Arithmetic arithmetic) {
  if (!out.is_padded() && !in.is_padded()) return read_linear(scope, out.count(), in.count(), arithmetic);
  return padded_linear(scope("weight"), scope.has("bias") ? scope("bias") : std::span<const float>(), out, in,
                       arithmetic);
}

}  // namespace mobileclip
