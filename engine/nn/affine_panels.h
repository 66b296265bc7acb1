// A linear layer's weight in MLX's affine form, packed as the kernels restore it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/kernels/kernels.h"
#include "engine/tensor/aligned_buffer.h"

namespace mobileclip {

/// A matrix [rows, columns] as MLX's files hold it: w = q * scale + bias, with a scale and a bias for every group of
/// neighbours in a row. Borrows; weights/affine_quantization.h has the owner.
struct AffineWeight {
  int bits;                              ///< 4 or 8
  int group_size;                        ///< 32, 64 or 128, which divides the columns
  std::span<const std::uint32_t> words;  ///< [rows][columns * bits / 32], a row's first value in the lowest bits
  std::span<const float> scales;         ///< [rows][columns / group_size]
  std::span<const float> biases;         ///< like scales
};

/// Immutable after construction. As large as the matrix in its file, but for scales and biases, which are float32.
class AffinePanels {
 public:
  /// `out` is a multiple of 16. Packs a copy.
  AffinePanels(int out, int in, const AffineWeight& weight);

  /// Outputs [16 * block, 16 * block + 16).
  [[nodiscard]] kernels::AffinePanel panel(int block) const;

 private:
  std::size_t k_;
  std::size_t group_size_;
  int bits_;
  AlignedBuffer q_;       // bytes: [out/16][in][16], or [out/16][in/2][16] of two values each (kernels.h)
  AlignedBuffer scales_;  // [out/16][in/group_size][16]
  AlignedBuffer biases_;
};

}  // namespace mobileclip
