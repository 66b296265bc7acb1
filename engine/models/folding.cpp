#include "engine/models/folding.h"

#include <algorithm>
#include <cmath>

namespace mobileclip {
namespace {

constexpr double kBatchNormEps = 1e-5;

}  // namespace

Affine batch_norm_affine(const WeightScope& norm) {
  const auto weight = norm("weight");
  const auto bias = norm("bias");
  const auto mean = norm("running_mean");
  const auto var = norm("running_var");
  Affine affine;
  for (std::size_t c = 0; c < weight.size(); ++c) {
    const double scale = weight[c] / std::sqrt(double{var[c]} + kBatchNormEps);
    affine.scale.push_back(scale);
    affine.shift.push_back(bias[c] - mean[c] * scale);
  }
  return affine;
}

void move_value_bias(FoldedLayer& in_proj, FoldedLayer& out_proj) {
  const std::size_t width = in_proj.bias.size() / 3;
  const std::span<float> values = std::span(in_proj.bias).subspan(2 * width);
  std::vector<float> restored(out_proj.quantized ? width : 0);
  for (std::size_t o = 0; o < out_proj.bias.size(); ++o) {
    const float* row = restored.data();
    if (out_proj.quantized) {
      dequantize_row(*out_proj.quantized, static_cast<std::int64_t>(o), restored);
    } else {
      row = out_proj.weight.data() + o * width;
    }
    double sum = out_proj.bias[o];
    for (std::size_t i = 0; i < width; ++i) sum += double{row[i]} * double{values[i]};
    out_proj.bias[o] = static_cast<float>(sum);
  }
  std::ranges::fill(values, 0.0F);
}

Affine layer_scale_affine(std::span<const float> gamma) {
  return {.scale = {gamma.begin(), gamma.end()}, .shift = std::vector<double>(gamma.size(), 0.0)};
}

FoldedLayer fold_after(std::span<const float> weight, std::span<const float> bias, const Affine& after) {
  const std::size_t outputs = after.scale.size();
  const std::size_t per_output = weight.size() / outputs;
  FoldedLayer folded{.weight = std::vector<float>(weight.size()), .bias = std::vector<float>(outputs)};
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t i = 0; i < per_output; ++i) {
      folded.weight[o * per_output + i] = static_cast<float>(weight[o * per_output + i] * after.scale[o]);
    }
    folded.bias[o] = static_cast<float>((bias.empty() ? 0.0 : bias[o]) * after.scale[o] + after.shift[o]);
  }
  return folded;
}

FoldedLayer fold_before(const Affine& before, std::span<const float> weight, std::size_t out) {
  const std::size_t in = before.scale.size();
  FoldedLayer folded{.weight = std::vector<float>(weight.size()), .bias = std::vector<float>(out)};
  for (std::size_t o = 0; o < out; ++o) {
    double bias = 0;
    for (std::size_t i = 0; i < in; ++i) {
      const double w = weight[o * in + i];
      folded.weight[o * in + i] = static_cast<float>(w * before.scale[i]);
      bias += w * before.shift[i];
    }
    folded.bias[o] = static_cast<float>(bias);
  }
  return folded;
}

void scale_outputs(FoldedLayer& layer, std::size_t count, double factor) {
  const auto scale_rows = [&](std::vector<float>& values) {
    const std::size_t scaled = values.size() / layer.bias.size() * count;
    for (std::size_t i = 0; i < scaled; ++i) values[i] = static_cast<float>(values[i] * factor);
  };
  if (layer.quantized) {
    scale_rows(layer.quantized->scales);
    scale_rows(layer.quantized->biases);
  } else {
    scale_rows(layer.weight);
  }
  scale_rows(layer.bias);
}

std::vector<float> reorder_inputs(std::span<const float> weight, std::span<const int> order) {
  std::vector<float> result(weight.size());
  const std::size_t in = order.size();
  for (std::size_t o = 0; o < weight.size() / in; ++o) {
    for (std::size_t i = 0; i < in; ++i) result[o * in + i] = weight[o * in + static_cast<std::size_t>(order[i])];
  }
  return result;
}

std::vector<float> reorder_outputs(std::span<const float> weight, std::span<const int> order) {
  std::vector<float> result;
  result.reserve(weight.size());
  const std::size_t per_output = weight.size() / order.size();
  for (const int o : order) {
    const auto row = weight.subspan(static_cast<std::size_t>(o) * per_output, per_output);
    result.insert(result.end(), row.begin(), row.end());
  }
  return result;
}

}  // namespace mobileclip
