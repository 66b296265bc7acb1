// y = fc2(act(fc1(x))) + residual over the rows of a blocked activation (timm fastvit.py::ConvMlp after its
// convolution). Tiles of rows pass through both layers while their hidden values are in the cache.
#pragma once

#include "engine/nn/linear.h"

namespace mobileclip {

class Mlp {
 public:
  Mlp(Linear fc1, Linear fc2, Activation activation = Activation::kGelu);

  /// x, y and residual are [channels][rows]; y may be residual, not x. `hidden` is room for [hidden][rows] where
  /// rows <= unfused_rows(), and unused above it.
  void forward(const Context& context, Blocked x, Blocked y, const float* residual, float* hidden) const;

  /// Up to so many rows the layers run one after the other, split by output channels: a small map has too few tiles
  /// to keep many threads busy, and its hidden values fit the cache as they are.
  static constexpr int unfused_rows() { return 64; }
  [[nodiscard]] std::size_t scratch_per_worker() const;
  [[nodiscard]] int hidden_channels() const { return fc1_.out_channels(); }

 private:
  [[nodiscard]] std::size_t hidden_floats() const;  // of a tile

  Linear fc1_;
  Linear fc2_;
  Activation activation_;
};

}  // namespace mobileclip
