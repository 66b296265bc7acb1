#include "engine/nn/linear.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace mobileclip {
namespace {

constexpr int kBlocksPerTask = 8;  // at least: less would not be worth a task
// Enough that whoever comes to help finds some. Not more: each task rounds its rows anew.
constexpr int kTasksPerWorker = 4;

constexpr int kUnit = static_cast<int>(kernels::kTileRows);

int divide_up(int a, int b) { return (a + b - 1) / b; }

}  // namespace

RowTasks::RowTasks(int rows, int most)
    : rows_(rows), units_(divide_up(rows, kUnit)), count_(divide_up(units_, most / kUnit)) {
  assert(most % kUnit == 0);
}

int RowTasks::begin(int index) const { return std::min(rows_, units_ * index / count_ * kUnit); }

Linear::Linear(int out, int in, std::span<const float> weight, std::span<const float> bias, Arithmetic arithmetic)
    : Linear(PackedWeight(out, in, weight, arithmetic), bias) {}

Linear::Linear(int out, int in, const AffineWeight& weight, std::span<const float> bias, Arithmetic arithmetic)
    : Linear(PackedWeight(out, in, weight, arithmetic), bias) {}

Linear::Linear(PackedWeight weight, std::span<const float> bias)
    : weight_(std::move(weight)), bias_(static_cast<std::size_t>(weight_.out_channels())) {
  assert(bias.empty() || bias.size() == bias_.size());
  std::ranges::fill(bias_.span(), 0.0F);
  std::ranges::copy(bias, bias_.data());
}

void Linear::forward_tile(const kernels::Kernels& kernels, Tile tile, Blocked x, Blocked y, const Options& options,
                          float* operand) const {
  weight_.multiply(
      kernels,
      {.row = tile.row, .count = tile.count, .y_row = tile.y_row, .begin = 0, .end = out_channels() / kChannelBlock}, x,
      {.y = y, .bias = bias_.data(), .residual = options.residual, .activation = options.activation}, operand);
}

void Linear::forward(const Context& context, Blocked x, Blocked y, const Options& options) const {
  forward_range(context, {.begin = 0, .end = out_channels() / kChannelBlock}, x, y, options);
}

void Linear::forward_range(const Context& context, BlockRange range, Blocked x, Blocked y,
                           const Options& options) const {
  assert(y.blocks() == range.end - range.begin && x.rows == y.rows);
  assert(operand_floats(std::min(x.rows, kRowsPerTask)) <= context.scratch.per_worker());
  const RowTasks row_tasks(x.rows, kRowsPerTask);
  const int workers = context.parallel.max_workers();
  const int block_tasks = workers > 1 ? std::min(divide_up(y.blocks(), kBlocksPerTask),
                                                 divide_up(kTasksPerWorker * workers, row_tasks.count()))
                                      : 1;
  const auto work = [&](std::size_t task, int worker) {
    const int i = static_cast<int>(task) / block_tasks;
    const int j = static_cast<int>(task) % block_tasks;
    const int row = row_tasks.begin(i);
    const int row_end = row_tasks.begin(i + 1);
    const int block = y.blocks() * j / block_tasks;
    const int block_end = y.blocks() * (j + 1) / block_tasks;
    const Blocked part{.data = y.block(block), .channels = (block_end - block) * kChannelBlock, .rows = y.rows};
    const float* residual =
        options.residual ? options.residual + static_cast<std::size_t>(block) * y.stride() : nullptr;
    weight_.multiply(context.kernels,
                     {.row = row,
                      .count = row_end - row,
                      .y_row = row,
                      .begin = range.begin + block,
                      .end = range.begin + block_end},
                     x, {.y = part, .bias = bias_.data(), .residual = residual, .activation = options.activation},
                     context.scratch.of(worker));
  };
  context.parallel.run(static_cast<std::size_t>(row_tasks.count()) * static_cast<std::size_t>(block_tasks), work);
}

}  // namespace mobileclip
