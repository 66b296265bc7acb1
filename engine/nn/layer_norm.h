// LayerNorm over the channels of each row of a blocked activation: torch.nn.LayerNorm on tokens, timm's LayerNorm2d on
// pixels. eps 1e-5.
#pragma once

#include <span>

#include "engine/nn/linear.h"

namespace mobileclip {

class LayerNorm {
 public:
  LayerNorm(std::span<const float> weight, std::span<const float> bias);
  /// y may be x.
  void forward(const Context& context, Blocked x, Blocked y) const;

 private:
  AlignedBuffer weight_;
  AlignedBuffer bias_;
};

}  // namespace mobileclip
