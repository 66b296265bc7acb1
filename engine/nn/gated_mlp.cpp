#include "engine/nn/gated_mlp.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

namespace mobileclip {
namespace {

// Short, so that a single text still spreads over threads.
constexpr int kTileRows = 32;

}  // namespace

GatedMlp::GatedMlp(Linear fc1, Linear fc2, Activation activation)
    : fc1_(std::move(fc1)), fc2_(std::move(fc2)), activation_(activation) {
  assert(fc1_.out_channels() == 2 * fc2_.in_channels());
}

std::size_t GatedMlp::hidden_floats() const {
  return static_cast<std::size_t>(kTileRows) * static_cast<std::size_t>(fc1_.out_channels());
}

std::size_t GatedMlp::scratch_per_worker() const {
  return hidden_floats() + std::max(fc1_.operand_floats(kTileRows), fc2_.operand_floats(kTileRows));
}

void GatedMlp::forward(const Context& context, Blocked x, Blocked y, const float* residual) const {
  static constexpr std::array<float, kChannelBlock> kOnes = [] {
    std::array<float, kChannelBlock> ones{};
    ones.fill(1.0F);
    return ones;
  }();
  const RowTasks tiles(x.rows, kTileRows);
  context.parallel.run(static_cast<std::size_t>(tiles.count()), [&](std::size_t task, int worker) {
    const int row = tiles.begin(static_cast<int>(task));
    const int count = tiles.begin(static_cast<int>(task) + 1) - row;
    const Blocked both{.data = context.scratch.of(worker), .channels = fc1_.out_channels(), .rows = count};
    const Blocked hidden{.data = both.data, .channels = fc2_.in_channels(), .rows = count};
    const float* gate = both.block(hidden.blocks());
    float* operand = both.data + hidden_floats();
    fc1_.forward_tile(context.kernels, {.row = row, .count = count, .y_row = 0}, x, both, {}, operand);
    context.kernels.scale_block(hidden.data, kOnes.data(), hidden.size() / kChannelBlock, activation_);
    for (std::size_t i = 0; i < hidden.size(); ++i) hidden.data[i] *= gate[i];
    fc2_.forward_tile(context.kernels, {.row = 0, .count = count, .y_row = row}, hidden, y, {.residual = residual},
                      operand);
  });
}

}  // namespace mobileclip
