// LayerNorm over the channels of each row of a blocked activation: torch.nn.LayerNorm on tokens, timm's LayerNorm2d on
// pixels.
#pragma once

#include <span>

#include "engine/nn/linear.h"

namespace mobileclip {

class LayerNorm {
 public:
  static constexpr float kEps = 1e-5F;  ///< PyTorch's default

  /// `weight` has a value a channel, `bias` too or none. Any number of channels: the blocks' rest is kept zero.
  LayerNorm(std::span<const float> weight, std::span<const float> bias, float eps = kEps);
  /// y may be x.
  void forward(const Context& context, Blocked x, Blocked y) const;

 private:
  std::size_t channels_;
  float eps_;
  // Zeros in what fills the last block up.
  AlignedBuffer weight_;
  AlignedBuffer bias_;
};

}  // namespace mobileclip
