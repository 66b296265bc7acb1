// The first convolution of the FastViT image towers: 3x3, stride 2, padding 1, on 8-bit RGB, normalised as it is read.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/nn/linear.h"
#include "engine/nn/rgb_normalization.h"

namespace mobileclip {

class StemConv2d {
 public:
  /// `weight` is [out, 3, 3, 3] (OIHW), `bias` [out].
  StemConv2d(int out, std::span<const float> weight, std::span<const float> bias, std::array<float, 3> mean,
             std::array<float, 3> std);

  /// rgb [size, size, 3] → y [out][ceil(size / 2)²]
  void forward(const Context& context, std::span<const std::uint8_t> rgb, int size, FeatureMap y,
               Activation activation) const;
  [[nodiscard]] static std::size_t scratch_per_worker(int size);

 private:
  Linear conv_;  // over windows of 27 values, padded to 32
  RgbNormalization normalized_;
};

}  // namespace mobileclip
