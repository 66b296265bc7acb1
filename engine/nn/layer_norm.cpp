#include "engine/nn/layer_norm.h"

#include <algorithm>
#include <cassert>

namespace mobileclip {
namespace {

constexpr int kRowsPerTask = 64;
constexpr float kEps = 1e-5F;

}  // namespace

LayerNorm::LayerNorm(std::span<const float> weight, std::span<const float> bias)
    : weight_(weight.size()), bias_(bias.size()) {
  std::ranges::copy(weight, weight_.data());
  std::ranges::copy(bias, bias_.data());
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
                                .blocks = static_cast<std::size_t>(x.blocks()),
                                .eps = kEps});
  });
}

}  // namespace mobileclip
