#include "engine/models/encoders/token_convolution.h"

#include <algorithm>
#include <vector>

#include "engine/models/padded_linear.h"
#include "engine/models/weight_layers.h"

namespace mobileclip {
namespace {

/// conv.weight [width, width / groups, taps] as a linear layer over windows, [width, taps * width]: zeros between
/// groups.
Linear window_linear(const EncoderConvConfig& config, int width, const WeightScope& conv, Arithmetic arithmetic) {
  const std::span<const float> stored = conv("weight");
  const int group = width / config.groups;
  const Channels windows{.groups = config.kernel_size, .size = width};
  std::vector<float> weight(static_cast<std::size_t>(width) * static_cast<std::size_t>(windows.count()));
  std::size_t at = 0;
  for (int o = 0; o < width; ++o) {
    for (int i = 0; i < group; ++i) {
      const int channel = o / group * group + i;
      for (int tap = 0; tap < config.kernel_size; ++tap, ++at) {
        weight[static_cast<std::size_t>(o) * static_cast<std::size_t>(windows.count()) +
               static_cast<std::size_t>(tap * width + channel)] = stored[at];
      }
    }
  }
  return padded_linear(weight, conv("bias"), {.size = width}, windows, arithmetic);
}

}  // namespace

TokenConvolution::TokenConvolution(const EncoderConvConfig& config, int width, const WeightScope& w, float eps,
                                   Arithmetic arithmetic)
    : config_(config),
      conv_(window_linear(config, width, w / "conv", arithmetic)),
      norm_(read_layer_norm(w / "LayerNorm", eps)) {}

void TokenConvolution::gather(std::span<const int> row_begins, Blocked embeddings, Blocked windows) const {
  const int reach = config_.kernel_size / 2;
  for (std::size_t text = 0; text + 1 < row_begins.size(); ++text) {
    const int begin = row_begins[text];
    const int end = row_begins[text + 1];
    for (int tap = 0; tap < config_.kernel_size; ++tap) {
      for (int b = 0; b < embeddings.blocks(); ++b) {
        const float* from = embeddings.block(b);
        float* to = windows.block(tap * embeddings.blocks() + b);
        for (int row = begin; row < end; ++row) {
          const int source = row + tap - reach;
          if (source >= begin && source < end) {
            std::copy_n(from + source * kChannelBlock, kChannelBlock, to + row * kChannelBlock);
          } else {
            std::fill_n(to + row * kChannelBlock, kChannelBlock, 0.0F);
          }
        }
      }
    }
  }
}

void TokenConvolution::forward(const Context& context, Blocked windows, Blocked x) const {
  conv_.forward(context, windows, x, {.activation = config_.activation, .residual = x.data});
  norm_.forward(context, x, x);
}

}  // namespace mobileclip
