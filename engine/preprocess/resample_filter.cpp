// Compiled without floating-point contraction (CMakeLists.txt): a fused multiply-add would round the coefficients
// otherwise than Pillow does.
#include "engine/preprocess/resample_filter.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace mobileclip {
namespace {

double triangle(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

/// Keys' cubic convolution; the terms in Pillow's order, which decides their rounding.
double keys_cubic(double x) {
  constexpr double kSharpness = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((kSharpness + 2.0) * x - (kSharpness + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * kSharpness;
  return 0.0;
}

/// Half up, but towards zero below zero, as a C cast after adding a half is. The callers clamp what is negative.
int round_half_up(double x) {
  const double shifted = x + 0.5;
  return static_cast<int>(shifted);
}

std::int32_t to_fixed_point(double coefficient) {
  const double scaled = coefficient * (1 << kCoefficientBits);
  return static_cast<std::int32_t>(coefficient < 0 ? scaled - 0.5 : scaled + 0.5);
}

}  // namespace

ResampleFilter::ResampleFilter(const ResampleAxis& axis, Interpolation interpolation) {
  assert(axis.in_size > 0 && axis.out_count > 0);
  const bool bilinear = interpolation == Interpolation::kBilinear;
  const auto kernel = bilinear ? triangle : keys_cubic;
  const double scale = axis.in_length / axis.out_size;
  const double filter_scale = std::max(scale, 1.0);  // antialiasing: a reduction widens the kernel
  const double support = (bilinear ? 1.0 : 2.0) * filter_scale;
  const int most = static_cast<int>(std::ceil(support)) * 2 + 1;
  max_taps = (most + kTapGroup - 1) / kTapGroup * kTapGroup;

  const auto count = static_cast<std::size_t>(axis.out_count);
  taps.resize(count);
  values.resize(count * static_cast<std::size_t>(max_taps));
  std::vector<double> weights(static_cast<std::size_t>(max_taps));
  for (std::size_t i = 0; i < count; ++i) {
    const double center = axis.in_begin + (axis.out_first + static_cast<int>(i) + 0.5) * scale;
    const int first = std::max(round_half_up(center - support), 0);
    const int end = std::min(round_half_up(center + support), axis.in_size);
    taps[i] = {first, end - first};

    double sum = 0.0;
    for (int t = 0; t < end - first; ++t) {
      const double weight = kernel((t + first - center + 0.5) * (1.0 / filter_scale));
      weights[static_cast<std::size_t>(t)] = weight;
      sum += weight;
    }
    for (int t = 0; t < end - first; ++t) {
      double& weight = weights[static_cast<std::size_t>(t)];
      if (sum != 0.0) weight /= sum;
      values[i * static_cast<std::size_t>(max_taps) + static_cast<std::size_t>(t)] = to_fixed_point(weight);
    }
  }
}

}  // namespace mobileclip
