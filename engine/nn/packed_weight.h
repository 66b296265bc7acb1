// A linear layer's weight in the form that its arithmetic's kernel reads, and the product with it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "engine/nn/affine_panels.h"
#include "engine/nn/precision.h"
#include "engine/tensor/aligned_buffer.h"
#include "engine/tensor/blocked.h"

namespace mobileclip {

using kernels::Activation;

/// Immutable after construction; multiply() may run from any number of threads.
class PackedWeight {
 public:
  /// `weight` is row-major [out, in], both multiples of 16. Packs a copy.
  PackedWeight(int out, int in, std::span<const float> weight, Arithmetic arithmetic);
  /// A weight that stays in its affine form and is restored panel by panel, as `arithmetic` multiplies it. Bytes are
  /// too coarse for that: where kInt8 is asked for, bfloat16 are multiplied.
  PackedWeight(int out, int in, const AffineWeight& weight, Arithmetic arithmetic);

  /// What of the inputs and outputs a product takes.
  struct Tile {
    int row;    ///< of x
    int count;  ///< rows
    int y_row;
    int begin;  ///< output blocks [begin, end), written to the blocks of y from 0 on
    int end;
  };
  struct Output {
    Blocked y;
    const float* bias;      ///< [out]
    const float* residual;  ///< blocked like y, may be y's own data; or null
    Activation activation;
  };
  /// y = act(x Wᵀ + bias) + residual on the calling thread. `operand` is room for operand_floats(tile.count).
  void multiply(const kernels::Kernels& kernels, const Tile& tile, Blocked x, const Output& output,
                float* operand) const;

  /// Floats that `rows` rows of x take once rounded (none in float32), and panels once restored.
  [[nodiscard]] std::size_t operand_floats(int rows) const;
  [[nodiscard]] int in_channels() const { return in_; }
  [[nodiscard]] int out_channels() const { return out_; }

 private:
  /// What a product takes as b, of output blocks [begin, end).
  struct Panels {
    int begin;
    int end;
    const float* packed;
    const float* low;  // of split values
  };
  /// Calls take(panels) for all of [begin, end), in one go or in parts that pass through `room`.
  template <typename Take>
  void for_each_panels(const kernels::Kernels& kernels, int begin, int end, float* room, const Take& take) const;
  /// One output block, `at` floats into where the upper and the lower halves go.
  void restore(const kernels::Kernels& kernels, int block, float* packed, float* low, std::size_t at) const;
  void pack_fp32(std::span<const float> weight);
  void pack_bf16(std::span<const float> weight, kernels::Bf16 (*round)(float), std::size_t at);
  void pack_int8(std::span<const float> weight);
  [[nodiscard]] std::size_t padded_in() const;     // in_, up to whole operand blocks
  [[nodiscard]] std::size_t panel_floats() const;  // of one output block, of one half where split
  [[nodiscard]] std::size_t rounded_floats(int rows) const;

  int out_;
  int in_;
  Arithmetic arithmetic_;
  std::optional<AffinePanels> affine_;  // instead of packed_
  /// float32 [out/16][in][16]; bfloat16 [out/16][in/2][16][2], twice when split, upper halves first;
  /// int8 [out/16][in/4][16][4]
  AlignedBuffer packed_;
  AlignedBuffer column_scale_;  // int8: [out]
  AlignedBuffer column_sum_;    // int8: [out], of the packed weights
};

}  // namespace mobileclip
