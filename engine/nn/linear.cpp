#include "engine/nn/linear.h"

#include <algorithm>
#include <cassert>

namespace mobileclip {
namespace {

// A tile of activations stays in the second-level cache while the weights stream past it: 96 rows of 2,048 channels are
// 768 KiB. The blocks a task takes keep a single image or text spread over many threads.
constexpr int kRowsPerTask = 96;
constexpr int kBlocksPerTask = 8;

int divide_up(int a, int b) { return (a + b - 1) / b; }

std::size_t floats(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

}  // namespace

Linear::Linear(int out, int in, std::span<const float> weight, std::span<const float> bias)
    : out_(out), in_(in), packed_(weight.size()), bias_(static_cast<std::size_t>(out)) {
  assert(out % kChannelBlock == 0 && in % kChannelBlock == 0);
  assert(weight.size() == floats(out, in) && (bias.empty() || bias.size() == static_cast<std::size_t>(out)));
  // Through 16x16 tiles, so that both sides touch whole cache lines.
  for (int panel = 0; panel < out; panel += kChannelBlock) {
    const float* from = weight.data() + floats(panel, in);
    float* to = packed_.data() + floats(panel, in);
    for (int k = 0; k < in; k += kChannelBlock) {
      for (int n = 0; n < kChannelBlock; ++n) {
        for (int i = 0; i < kChannelBlock; ++i) to[(k + i) * kChannelBlock + n] = from[floats(n, in) + static_cast<std::size_t>(k + i)];
      }
    }
  }
  std::ranges::fill(bias_.span(), 0.0F);
  std::ranges::copy(bias, bias_.data());
}

void Linear::run_tile(const kernels::Kernels& kernels, BlockRange range, Tile tile, Blocked x, Blocked y,
                      const Options& options) const {
  const std::size_t y_offset = floats(tile.y_row, kChannelBlock);
  kernels.gemm({.a = x.data + floats(tile.row, kChannelBlock),
                .a_stride = x.stride(),
                .b = packed_.data() + floats(range.begin * kChannelBlock, in_),
                .b_stride = floats(in_, kChannelBlock),
                .bias = bias_.data() + floats(range.begin, kChannelBlock),
                .residual = options.residual ? options.residual + y_offset : nullptr,
                .c = y.data + y_offset,
                .c_stride = y.stride(),
                .rows = static_cast<std::size_t>(tile.count),
                .n_blocks = static_cast<std::size_t>(range.end - range.begin),
                .k = static_cast<std::size_t>(in_),
                .activation = options.activation});
}

void Linear::forward_tile(const kernels::Kernels& kernels, Tile tile, Blocked x, Blocked y, const Options& options) const {
  assert(x.channels == in_ && y.channels == out_);
  run_tile(kernels, {.begin = 0, .end = out_ / kChannelBlock}, tile, x, y, options);
}

void Linear::forward(const Context& context, Blocked x, Blocked y, const Options& options) const {
  forward_range(context, {.begin = 0, .end = out_ / kChannelBlock}, x, y, options);
}

void Linear::forward_range(const Context& context, BlockRange range, Blocked x, Blocked y, const Options& options) const {
  assert(x.channels == in_ && y.blocks() == range.end - range.begin && x.rows == y.rows);
  const int row_tasks = divide_up(x.rows, kRowsPerTask);
  const int block_tasks = context.parallel.max_workers() > 1 ? divide_up(y.blocks(), kBlocksPerTask) : 1;
  const auto work = [&](std::size_t task, int /*worker*/) {
    const int i = static_cast<int>(task) / block_tasks;
    const int j = static_cast<int>(task) % block_tasks;
    const int row = x.rows * i / row_tasks;
    const int row_end = x.rows * (i + 1) / row_tasks;
    const int block = y.blocks() * j / block_tasks;
    const int block_end = y.blocks() * (j + 1) / block_tasks;
    const Blocked part{.data = y.block(block), .channels = (block_end - block) * kChannelBlock, .rows = y.rows};
    Options part_options = options;
    if (options.residual) part_options.residual = options.residual + static_cast<std::size_t>(block) * y.stride();
    run_tile(context.kernels, {.begin = range.begin + block, .end = range.begin + block_end},
             {.row = row, .count = row_end - row, .y_row = row}, x, part, part_options);
  };
  context.parallel.run(static_cast<std::size_t>(row_tasks) * static_cast<std::size_t>(block_tasks), work);
}

}  // namespace mobileclip
