// MLX's affine group quantisation (mlx/backend/cpu/quantized.cpp, affine_quantize): along a row of a matrix, every
// `group_size` neighbours share a scale and a bias, and a weight is q * scale + bias with q of a few bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/weights/tensor_store.h"

namespace mobileclip {

struct AffineFormat {
  int bits = 0;
  int group_size = 0;

  /// Divides into whole groups, and so (a group being 32 or more) into whole words.
  [[nodiscard]] bool fits(std::int64_t columns) const { return columns > 0 && columns % group_size == 0; }
  bool operator==(const AffineFormat&) const = default;
};

/// What the engine computes with, of what MLX writes.
inline constexpr std::array kAffineBits{4, 8};
inline constexpr std::array kAffineGroupSizes{32, 64, 128};
inline constexpr int kUsualGroupSize = 64;  ///< MLX's, where none is asked for
bool is_supported(const AffineFormat& format);
std::string to_string(const AffineFormat& format);  ///< "4 bits in groups of 64"

/// A matrix [rows, columns] in the form that MLX's files have: "<module>.weight", ".scales" and ".biases".
struct AffineMatrix {
  AffineFormat format;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<std::uint32_t> words;  ///< [rows][columns * bits / 32], a row's first value in the lowest bits
  std::vector<float> scales;         ///< [rows][columns / group_size]; some may be negative
  std::vector<float> biases;         ///< like scales

  [[nodiscard]] std::int64_t words_per_row() const { return columns * format.bits / 32; }
  [[nodiscard]] std::int64_t groups_per_row() const { return columns / format.group_size; }
};

/// `values` is [rows, columns], finite, columns a multiple of the group size. The same bits as mlx.core.quantize on the
/// CPU for an array of type `type` (kF32, kF16, kBF16), whose values those must then be: only the scales and biases are
/// rounded to it here. Throws LoadError where a group's range is too wide for that type.
AffineMatrix quantize_affine(std::span<const float> values, std::int64_t rows, const AffineFormat& format,
                             DType type = DType::kF32);

/// Of a row, out.size() values from column `begin` on, both whole words.
void dequantize_row(const AffineMatrix& matrix, std::int64_t row, std::span<float> out, std::size_t begin = 0);
/// [rows, columns]
std::vector<float> dequantize(const AffineMatrix& matrix);

/// Values below 2^bits, as many as fill whole words, and back.
std::vector<std::uint32_t> pack_words(std::span<const std::uint8_t> values, int bits);
void unpack_words(std::span<const std::uint32_t> words, int bits, std::span<std::uint8_t> values);

}  // namespace mobileclip
