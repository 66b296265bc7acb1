#include "engine/nn/layer_norm.h"

#include <algorithm>
#include <cassert>

namespace mobileclip {
namespace {

constexpr int kRowsPerTask = 64;

AlignedBuffer padded(std::span<const float> values, std::size_t channels) {
  AlignedBuffer buffer((channels + kChannelBlock - 1) / kChannelBlock * kChannelBlock);
  std::ranges::fill(buffer.span(), 0.0F);
  std::ranges::copy(values, buffer.data());
  return buffer;
}

}  // namespace

LayerNorm::LayerNorm(std::span<const float> weight, std::span<const float> bias, float eps)
    : channels_(weight.size()), eps_(eps), weight_(padded(weight, channels_)), bias_(padded(bias, channels_)) {
  assert(bias.empty() || bias.size() == channels_);
}

void LayerNorm::forward(const Context& context, Blocked x, Blocked y) const {
  assert(static_cast<std::size_t>(x.channels) == weight_.size() && y.channels == x.channels && y.rows == x.rows);
  const int tasks = (x.rows + kRowsPerTask - 1) / kRowsPerTask;
  context.parallel.run(static_cast<std::size_t>(tasks), [&](std::size_t task, int /*worker*/) {
    const int row = x.rows * static_cast<int>(task) / tasks;
    const int end = x.rows * (static_cast<int>(task) + 1) / tasks;
    context.kernels.layer_norm({.x = x.data + row * kChannelBlock,
                                .x_stride = x.stride(),
                                .y = y.data + row * kChannelBlock,
                                .y_stride = y.stride(),
                                .weight = weight_.data(),
                                .bias = bias_.data(),
                                .rows = static_cast<std::size_t>(end - row),
                                .channels = channels_,
                                .eps = eps_});
  });
}

}  // namespace mobileclip
