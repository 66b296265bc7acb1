// y = act(x Wᵀ + b) + residual, over the rows of a blocked activation: linear layers and 1x1 convolutions alike.
#pragma once

#include <span>

#include "engine/nn/context.h"
#include "engine/nn/packed_weight.h"
#include "engine/tensor/aligned_buffer.h"
#include "engine/tensor/blocked.h"

namespace mobileclip {

/// Rows cut into tasks of at most `most` rows (a multiple of an AMX tile's height), as even as can be, at multiples of
/// that height.
class RowTasks {
 public:
  RowTasks(int rows, int most);
  [[nodiscard]] int count() const { return count_; }
  /// Where task `index` begins; for count(), the end of the rows.
  [[nodiscard]] int begin(int index) const;

 private:
  int rows_;
  int units_;
  int count_;
};

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
         Arithmetic arithmetic = Arithmetic::kFp32);
  /// The same of a weight that stays in its affine form (packed_weight.h).
  Linear(int out, int in, const AffineWeight& weight, std::span<const float> bias,
         Arithmetic arithmetic = Arithmetic::kFp32);

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
  /// calling thread. `operand` is room for operand_floats(count).
  struct Tile {
    int row;
    int count;
    int y_row;
  };
  void forward_tile(const kernels::Kernels& kernels, Tile tile, Blocked x, Blocked y, const Options& options,
                    float* operand) const;

  /// Floats of scratch that a product with `rows` rows takes (packed_weight.h).
  [[nodiscard]] std::size_t operand_floats(int rows) const { return weight_.operand_floats(rows); }
  [[nodiscard]] std::size_t scratch_per_worker() const { return operand_floats(kRowsPerTask); }

  [[nodiscard]] int in_channels() const { return weight_.in_channels(); }
  [[nodiscard]] int out_channels() const { return weight_.out_channels(); }

 private:
  // A tile of activations stays in the second-level cache while the weights stream past it: 96 rows of 2,048 channels
  // are 768 KiB in float32.
  static constexpr int kRowsPerTask = 96;

  Linear(PackedWeight weight, std::span<const float> bias);

  PackedWeight weight_;
  AlignedBuffer bias_;  // [out]
};

}  // namespace mobileclip
