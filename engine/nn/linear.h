// y = act(x Wᵀ + b) + residual, over the rows of a blocked activation: linear layers and 1x1 convolutions alike.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/nn/context.h"
#include "engine/nn/precision.h"
#include "engine/tensor/aligned_buffer.h"
#include "engine/tensor/blocked.h"

namespace mobileclip {

using kernels::Activation;

/// A range of a layer's output channels, in blocks of 16.
struct BlockRange {
  int begin;
  int end;
};

/// Immutable after construction; every forward may run from any number of threads.
class Linear {
 public:
  /// `weight` is row-major [out, in] (a 1x1 convolution's [out, in, 1, 1] is the same); `bias` is [out] or empty.
  /// `in` and `out` are multiples of 16. Packs a copy: neither span is kept.
  Linear(int out, int in, std::span<const float> weight, std::span<const float> bias,
         Precision precision = Precision::kFp32);

  struct Options {
    Activation activation = Activation::kNone;
    const float* residual = nullptr;  ///< blocked like y, may be y's own data
  };
  /// x [in][rows] → y [out][rows]
  void forward(const Context& context, Blocked x, Blocked y, const Options& options) const;
  void forward(const Context& context, Blocked x, Blocked y) const { forward(context, x, y, Options{}); }

  /// Only the outputs in `range`: x [in][rows] → y [range][rows]
  void forward_range(const Context& context, BlockRange range, Blocked x, Blocked y, const Options& options) const;

  /// For callers that tile by themselves: rows [row, row + count) of x → rows [y_row, y_row + count) of y, on the
  /// calling thread. `rounded` is room for rounded_floats(count).
  struct Tile {
    int row;
    int count;
    int y_row;
  };
  void forward_tile(const kernels::Kernels& kernels, Tile tile, Blocked x, Blocked y, const Options& options,
                    float* rounded) const;

  /// Floats that inputs of `rows` rows take once rounded; 0 in float32.
  [[nodiscard]] std::size_t rounded_floats(int rows) const;
  [[nodiscard]] std::size_t scratch_per_worker() const { return rounded_floats(kRowsPerTask); }

  [[nodiscard]] int in_channels() const { return in_; }
  [[nodiscard]] int out_channels() const { return out_; }

 private:
  void run_tile(const kernels::Kernels& kernels, BlockRange range, Tile tile, Blocked x, Blocked y,
                const Options& options, float* rounded) const;

  // A tile of activations stays in the second-level cache while the weights stream past it: 96 rows of 2,048 channels
  // are 768 KiB in float32.
  static constexpr int kRowsPerTask = 96;

  int out_;
  int in_;
  Precision precision_;
  AlignedBuffer packed_;                    // float32: [out/16][in][16]
  std::vector<kernels::Bf16> packed_bf16_;  // bfloat16: [out/16][in/2][16][2]
  AlignedBuffer bias_;                      // [out]
};

}  // namespace mobileclip
