#include "engine/preprocess/resample_kernels.h"

namespace mobileclip {
namespace {

constexpr std::size_t kColors = 3;
constexpr std::int32_t kHalf = 1 << (kCoefficientBits - 1);

std::uint8_t to_byte(std::int32_t sum) {
  const std::int32_t value = sum >> kCoefficientBits;
  return static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

void horizontal(const HorizontalFilter& filter, const std::uint8_t* row, std::uint8_t* to) {
  for (std::size_t x = 0; x < filter.count; ++x, to += kColors) {
    const std::int32_t* coefficients = filter.coefficients + x * filter.max_taps;
    const std::uint8_t* from = row + static_cast<std::size_t>(filter.taps[x].first) * kColors;
    std::int32_t sums[kColors] = {kHalf, kHalf, kHalf};
    for (int t = 0; t < filter.taps[x].count; ++t, from += kColors) {
      for (std::size_t c = 0; c < kColors; ++c) sums[c] += from[c] * coefficients[t];
    }
    for (std::size_t c = 0; c < kColors; ++c) to[c] = to_byte(sums[c]);
  }
}

void vertical(const VerticalFilter& filter, std::size_t bytes, std::uint8_t* to) {
  constexpr std::size_t kBlock = 64;  // sums that stay in registers or close by
  for (std::size_t first = 0; first < bytes; first += kBlock) {
    const std::size_t count = bytes - first < kBlock ? bytes - first : kBlock;
    std::int32_t sums[kBlock];
    for (std::size_t i = 0; i < kBlock; ++i) sums[i] = kHalf;
    for (std::size_t t = 0; t < filter.taps; ++t) {
      const std::uint8_t* from = filter.rows + t * filter.stride + first;
      const std::int32_t coefficient = filter.coefficients[t];
      for (std::size_t i = 0; i < count; ++i) sums[i] += from[i] * coefficient;
    }
    for (std::size_t i = 0; i < count; ++i) to[first + i] = to_byte(sums[i]);
  }
}

}  // namespace

const ResampleKernels kPortableResampleKernels{"portable", &horizontal, &vertical};

}  // namespace mobileclip
