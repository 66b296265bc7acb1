// DeBERTa v2 xlarge's ConvLayer: LayerNorm(x + act(conv(embeddings))), a convolution over neighbouring tokens with
// zeros beyond a text's ends.
#pragma once

#include <span>

#include "engine/models/encoders/encoder_config.h"
#include "engine/models/weight_scope.h"
#include "engine/nn/layer_norm.h"
#include "engine/nn/linear.h"

namespace mobileclip {

/// Immutable after construction.
class TokenConvolution {
 public:
  /// `w` is the scope "encoder.conv".
  TokenConvolution(const EncoderConvConfig& config, int width, const WeightScope& w, float eps, Arithmetic arithmetic);

  [[nodiscard]] int window_channels() const { return conv_.in_channels(); }
  [[nodiscard]] std::size_t scratch_per_worker() const { return conv_.scratch_per_worker(); }

  /// Each token's neighbourhood of `embeddings`, tap after tap → windows [window_channels][rows].
  void gather(std::span<const int> row_begins, Blocked embeddings, Blocked windows) const;
  /// x = LayerNorm(x + act(conv)), in place.
  void forward(const Context& context, Blocked windows, Blocked x) const;

 private:
  EncoderConvConfig config_;
  Linear conv_;  // over the taps of a window
  LayerNorm norm_;
};

}  // namespace mobileclip
