// timm squeeze_excite.py::SqueezeExcite as FastViT uses it: x * sigmoid(fc2(relu(fc1(mean(x))))).
#pragma once

#include "engine/nn/linear.h"

namespace mobileclip {

class SqueezeExcite {
 public:
  SqueezeExcite(Linear fc1, Linear fc2);
  /// In place, followed by `activation`. `gate` is room for gate_floats().
  void forward(const Context& context, FeatureMap x, Activation activation, float* gate) const;
  [[nodiscard]] std::size_t gate_floats() const;

 private:
  Linear fc1_;
  Linear fc2_;
};

}  // namespace mobileclip
