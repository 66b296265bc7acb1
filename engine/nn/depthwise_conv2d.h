// Depthwise convolution with "same" zero padding, stride 1 or 2 and a channel multiplier.
#pragma once

#include <span>

#include "engine/nn/linear.h"

namespace mobileclip {

class DepthwiseConv2d {
 public:
  struct Geometry {
    int channels;        ///< of the input, a multiple of 16
    int multiplier = 1;  ///< outputs an input channel
    int kernel;          ///< 3 or 7
    int stride = 1;      ///< 1 or 2
  };

  /// `weight` is [channels * multiplier, 1, kernel, kernel], `bias` [channels * multiplier], in the checkpoint's order,
  /// where output o reads input o / multiplier. Packs copies.
  DepthwiseConv2d(Geometry geometry, std::span<const float> weight, std::span<const float> bias);

  /// y has channels * multiplier channels and ceil(height / stride) x ceil(width / stride) pixels; x and y do not
  /// overlap. Output order: with multiplier m, our channel j * channels + i is the checkpoint's i * m + j, so that a
  /// block of 16 outputs reads one block of inputs. Who reads y undoes that in its weights: see checkpoint_channel.
  void forward(const Context& context, FeatureMap x, FeatureMap y, Activation activation) const;

  /// The checkpoint's index of our output channel.
  static int checkpoint_channel(int ours, int in_channels, int multiplier) {
    return ours % in_channels * multiplier + ours / in_channels;
  }

  /// Floats, for an input of this size.
  [[nodiscard]] std::size_t scratch_per_worker(int width, int height) const;

 private:
  [[nodiscard]] int strip_rows(int width, int out_height) const;

  Geometry geometry_;
  AlignedBuffer weight_;  // [outputs/16][kernel * kernel][16]
  AlignedBuffer bias_;    // [outputs]
};

}  // namespace mobileclip
