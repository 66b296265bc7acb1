#include "engine/nn/mlp.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace mobileclip {
namespace {

constexpr int kTileRows = 48;  // small enough that the hidden values of a tile stay in the second-level cache

}  // namespace

Mlp::Mlp(Linear fc1, Linear fc2, Activation activation)
    : fc1_(std::move(fc1)), fc2_(std::move(fc2)), activation_(activation) {
  assert(fc1_.out_channels() == fc2_.in_channels());
}

std::size_t Mlp::scratch_per_worker() const {
  const std::size_t fused = hidden_floats() + std::max(fc1_.operand_floats(kTileRows), fc2_.operand_floats(kTileRows));
  return std::max({fused, fc1_.scratch_per_worker(), fc2_.scratch_per_worker()});
}

std::size_t Mlp::hidden_floats() const {
  return static_cast<std::size_t>(kTileRows) * static_cast<std::size_t>(hidden_channels());
}

void Mlp::forward(const Context& context, Blocked x, Blocked y, const float* residual, float* hidden) const {
  if (x.rows <= unfused_rows()) {
    const Blocked h{.data = hidden, .channels = hidden_channels(), .rows = x.rows};
    fc1_.forward(context, x, h, {.activation = activation_});
    fc2_.forward(context, h, y, {.residual = residual});
    return;
  }
  const RowTasks tiles(x.rows, kTileRows);
  context.parallel.run(static_cast<std::size_t>(tiles.count()), [&](std::size_t task, int worker) {
    const int row = tiles.begin(static_cast<int>(task));
    const int count = tiles.begin(static_cast<int>(task) + 1) - row;
    const Blocked h{.data = context.scratch.of(worker), .channels = hidden_channels(), .rows = count};
    float* operand = h.data + hidden_floats();
    fc1_.forward_tile(context.kernels, {.row = row, .count = count, .y_row = 0}, x, h, {.activation = activation_},
                      operand);
    fc2_.forward_tile(context.kernels, {.row = 0, .count = count, .y_row = row}, h, y, {.residual = residual}, operand);
  });
}

}  // namespace mobileclip
