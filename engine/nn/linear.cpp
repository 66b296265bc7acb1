#include "engine/nn/linear.h"

#include <algorithm>
#include <cassert>

namespace mobileclip {
namespace {

constexpr int kBlocksPerTask = 8;  // few enough that a single image or text spreads over many threads

int divide_up(int a, int b) { return (a + b - 1) / b; }

std::size_t floats(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

/// [out][in] → [out/16][in][16], through 16x16 tiles, so that both sides touch whole cache lines.
void pack(std::span<const float> weight, int out, int in, float* packed) {
  for (int panel = 0; panel < out; panel += kChannelBlock) {
    const float* from = weight.data() + floats(panel, in);
    float* to = packed + floats(panel, in);
    for (int k = 0; k < in; k += kChannelBlock) {
      for (int n = 0; n < kChannelBlock; ++n) {
        const float* row = from + floats(n, in) + k;
        for (int i = 0; i < kChannelBlock; ++i) to[(k + i) * kChannelBlock + n] = row[i];
      }
    }
  }
}

/// [out][in] → [out/16][in/2][16][2]
void pack_pairs(std::span<const float> weight, int out, int in, kernels::Bf16* packed) {
  for (int panel = 0; panel < out; panel += kChannelBlock) {
    const float* from = weight.data() + floats(panel, in);
    kernels::Bf16* to = packed + floats(panel, in);
    for (int k = 0; k < in; k += kChannelBlock) {
      for (int n = 0; n < kChannelBlock; ++n) {
        const float* row = from + floats(n, in) + k;
        for (int i = 0; i < kChannelBlock; ++i)
          to[(k + i) / 2 * 2 * kChannelBlock + 2 * n + i % 2] = kernels::to_bf16(row[i]);
      }
    }
  }
}

}  // namespace

Linear::Linear(int out, int in, std::span<const float> weight, std::span<const float> bias, Precision precision)
    : out_(out), in_(in), precision_(precision), bias_(static_cast<std::size_t>(out)) {
  assert(out % kChannelBlock == 0 && in % kChannelBlock == 0);
  assert(weight.size() == floats(out, in) && (bias.empty() || bias.size() == static_cast<std::size_t>(out)));
  if (precision == Precision::kFp32) {
    packed_ = AlignedBuffer(weight.size());
    pack(weight, out, in, packed_.data());
  } else {
    packed_bf16_.resize(weight.size());
    pack_pairs(weight, out, in, packed_bf16_.data());
  }
  std::ranges::fill(bias_.span(), 0.0F);
  std::ranges::copy(bias, bias_.data());
}

std::size_t Linear::rounded_floats(int rows) const {
  return precision_ == Precision::kFp32 ? 0 : floats(rows, in_) * sizeof(kernels::Bf16) / sizeof(float);
}

void Linear::run_tile(const kernels::Kernels& kernels, BlockRange range, Tile tile, Blocked x, Blocked y,
                      const Options& options, float* rounded) const {
  const float* a = x.data + floats(tile.row, kChannelBlock);
  const auto gemm = [&]<typename Operand>(const Operand* operand, std::size_t stride, const Operand* packed) {
    const std::size_t y_offset = floats(tile.y_row, kChannelBlock);
    return kernels::BasicGemm<Operand>{.a = operand,
                                       .a_stride = stride,
                                       .b = packed + floats(range.begin * kChannelBlock, in_),
                                       .b_stride = floats(in_, kChannelBlock),
                                       .bias = bias_.data() + floats(range.begin, kChannelBlock),
                                       .residual = options.residual ? options.residual + y_offset : nullptr,
                                       .c = y.data + y_offset,
                                       .c_stride = y.stride(),
                                       .rows = static_cast<std::size_t>(tile.count),
                                       .n_blocks = static_cast<std::size_t>(range.end - range.begin),
                                       .k = static_cast<std::size_t>(in_),
                                       .activation = options.activation};
  };
  if (precision_ == Precision::kFp32) {
    kernels.gemm(gemm(a, x.stride(), packed_.data()));
    return;
  }
  auto* operand = reinterpret_cast<kernels::Bf16*>(rounded);
  const auto count = static_cast<std::size_t>(tile.count);
  kernels.round_to_bf16(a, x.stride(), count, static_cast<std::size_t>(in_), operand);
  kernels.gemm_bf16(gemm(static_cast<const kernels::Bf16*>(operand), count * kChannelBlock, packed_bf16_.data()));
}

void Linear::forward_tile(const kernels::Kernels& kernels, Tile tile, Blocked x, Blocked y, const Options& options,
                          float* rounded) const {
  assert(x.channels == in_ && y.channels == out_);
  run_tile(kernels, {.begin = 0, .end = out_ / kChannelBlock}, tile, x, y, options, rounded);
}

void Linear::forward(const Context& context, Blocked x, Blocked y, const Options& options) const {
  forward_range(context, {.begin = 0, .end = out_ / kChannelBlock}, x, y, options);
}

void Linear::forward_range(const Context& context, BlockRange range, Blocked x, Blocked y,
                           const Options& options) const {
  assert(x.channels == in_ && y.blocks() == range.end - range.begin && x.rows == y.rows);
  const int row_tasks = divide_up(x.rows, kRowsPerTask);
  const int block_tasks = context.parallel.max_workers() > 1 ? divide_up(y.blocks(), kBlocksPerTask) : 1;
  const auto work = [&](std::size_t task, int worker) {
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
             {.row = row, .count = row_end - row, .y_row = row}, x, part, part_options, context.scratch.of(worker));
  };
  context.parallel.run(static_cast<std::size_t>(row_tasks) * static_cast<std::size_t>(block_tasks), work);
}

}  // namespace mobileclip
