// y = fc2(act(a) * b) + residual, where a and b are the first and the second half of fc1(x) (ModernBERT's MLP, GeGLU).
#pragma once

#include "engine/nn/linear.h"

namespace mobileclip {

class GatedMlp {
 public:
  /// `fc1` gives the halves one after the other, each of fc2's input channels.
  GatedMlp(Linear fc1, Linear fc2, Activation activation);

  /// x, y and residual are [channels][rows]; y may be residual, not x. Tiles of rows pass through both layers.
  void forward(const Context& context, Blocked x, Blocked y, const float* residual) const;

  [[nodiscard]] std::size_t scratch_per_worker() const;

 private:
  [[nodiscard]] std::size_t hidden_floats() const;  // of a tile: both halves

  Linear fc1_;
  Linear fc2_;
  Activation activation_;
};

}  // namespace mobileclip
