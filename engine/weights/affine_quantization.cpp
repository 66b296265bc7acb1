#include "engine/weights/affine_quantization.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "engine/base/error.h"

namespace mobileclip {
namespace {

constexpr float kLeastScale = 1e-7F;  // MLX's; keeps a constant group from dividing by zero

std::size_t size(std::int64_t value) { return static_cast<std::size_t>(value); }

struct ScaleAndBias {
  float scale;
  float bias;
};

/// Chosen so that the end of the range that is further from zero is met exactly, and so is zero. All in float32, as
/// MLX computes it.
ScaleAndBias fit_group(std::span<const float> group, float steps) {
  const auto [lowest, highest] = std::ranges::minmax(group);
  const bool low_is_further = std::abs(lowest) > std::abs(highest);
  const float edge = low_is_further ? lowest : highest;
  const float width = std::max((highest - lowest) / steps, kLeastScale);
  const float scale = low_is_further ? width : -width;
  const float zero = std::nearbyint(edge / scale);
  if (zero == 0) return {.scale = scale, .bias = 0};
  return {.scale = edge / zero, .bias = edge};
}

}  // namespace

bool is_supported(const AffineFormat& format) {
  return std::ranges::find(kAffineBits, format.bits) != kAffineBits.end() &&
         std::ranges::find(kAffineGroupSizes, format.group_size) != kAffineGroupSizes.end();
}

std::string to_string(const AffineFormat& format) {
  return std::to_string(format.bits) + " bits in groups of " + std::to_string(format.group_size);
}

AffineMatrix quantize_affine(std::span<const float> values, std::int64_t rows, const AffineFormat& format, DType type) {
  AffineMatrix matrix{.format = format,
                      .rows = rows,
                      .columns = static_cast<std::int64_t>(values.size()) / rows,
                      .words = {},
                      .scales = {},
                      .biases = {}};
  assert(is_supported(format) && format.fits(matrix.columns));
  const auto steps = static_cast<float>((1 << format.bits) - 1);
  const std::size_t group_size = size(format.group_size);
  matrix.scales.reserve(values.size() / group_size);
  matrix.biases.reserve(values.size() / group_size);
  std::vector<std::uint8_t> quantized(values.size());
  for (std::size_t begin = 0; begin < values.size(); begin += group_size) {
    const std::span<const float> group = values.subspan(begin, group_size);
    const auto [scale, bias] = fit_group(group, steps);
    for (std::size_t i = 0; i < group_size; ++i) {
      const float q = std::nearbyint((group[i] - bias) / scale);
      quantized[begin + i] = static_cast<std::uint8_t>(std::clamp(q, 0.0F, steps));
    }
    matrix.scales.push_back(as_stored(scale, type));  // after q was computed with the exact ones
    matrix.biases.push_back(as_stored(bias, type));
    if (std::isfinite(matrix.scales.back()) && std::isfinite(matrix.biases.back())) continue;
    throw LoadError("expected groups whose scale and bias " + std::string(to_string(type)) + " can hold, found " +
                    std::to_string(scale) + " and " + std::to_string(bias) + " in row " +
                    std::to_string(begin / size(matrix.columns)));
  }
  matrix.words = pack_words(quantized, format.bits);
  return matrix;
}

void dequantize_row(const AffineMatrix& matrix, std::int64_t row, std::span<float> out, std::size_t begin) {
  const int bits = matrix.format.bits;
  const std::size_t per_word = size(32 / bits);
  const std::size_t group_size = size(matrix.format.group_size);
  assert(begin + out.size() <= size(matrix.columns) && begin % per_word == 0 && out.size() % per_word == 0);
  const std::uint32_t mask = (1U << bits) - 1;
  const std::uint32_t* word = matrix.words.data() + row * matrix.words_per_row() + begin / per_word;
  const float* scales = matrix.scales.data() + row * matrix.groups_per_row();
  const float* biases = matrix.biases.data() + row * matrix.groups_per_row();
  for (std::size_t i = 0; i < out.size(); i += per_word, ++word) {
    const std::size_t group = (begin + i) / group_size;
    const double scale = scales[group];
    const double bias = biases[group];
    for (std::size_t j = 0; j < per_word; ++j) {
      // Where zero is met exactly, q * scale and bias all but cancel: in float32 their rounding would show.
      const double q = *word >> (j * size(bits)) & mask;
      out[i + j] = static_cast<float>(q * scale + bias);
    }
  }
}

std::vector<float> dequantize(const AffineMatrix& matrix) {
  std::vector<float> values(size(matrix.rows * matrix.columns));
  for (std::int64_t row = 0; row < matrix.rows; ++row) {
    dequantize_row(matrix, row, std::span(values).subspan(size(row * matrix.columns), size(matrix.columns)));
  }
  return values;
}

std::vector<std::uint32_t> pack_words(std::span<const std::uint8_t> values, int bits) {
  const std::size_t per_word = size(32 / bits);
  assert(values.size() % per_word == 0);
  std::vector<std::uint32_t> words(values.size() / per_word);
  for (std::size_t i = 0; i < values.size(); ++i) {
    words[i / per_word] |= std::uint32_t{values[i]} << (i % per_word * size(bits));
  }
  return words;
}

void unpack_words(std::span<const std::uint32_t> words, int bits, std::span<std::uint8_t> values) {
  const std::size_t per_word = size(32 / bits);
  assert(values.size() == words.size() * per_word);
  const std::uint32_t mask = (1U << bits) - 1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<std::uint8_t>(words[i / per_word] >> (i % per_word * size(bits)) & mask);
  }
}

}  // namespace mobileclip
