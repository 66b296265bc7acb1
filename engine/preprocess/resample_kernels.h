// The two hot loops of Pillow's resampling on raw pointers, in one translation unit an instruction set. All give the
// same bytes: the arithmetic is integer.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mobileclip {

/// Bits after the point of Pillow's fixed-point coefficients: 8 for the sample and 2 for the filter's overshoot are
/// left of an int32.
inline constexpr int kCoefficientBits = 32 - 8 - 2;

/// The source pixels that one output pixel looks at: [first, first + count).
struct ResampleTaps {
  int first;
  int count;
};

/// Output pixel i is the sum of coefficients[i * max_taps + t] * source[taps[i].first + t], rounded to 8 bits.
struct HorizontalFilter {
  const ResampleTaps* taps;          ///< [count]
  const std::int32_t* coefficients;  ///< [count, max_taps], zero beyond an output pixel's taps
  std::size_t max_taps;              ///< a multiple of kTapGroup
  std::size_t count;
};

/// How many taps at a time kernels may read, whatever an output pixel's count.
inline constexpr int kTapGroup = 4;
/// Source pixels that must be readable beyond an output pixel's taps rounded up to groups.
inline constexpr int kReadAhead = 1;

/// Output byte i is the sum of coefficients[t] * rows[t * stride + i], rounded to 8 bits.
struct VerticalFilter {
  const std::uint8_t* rows;
  std::size_t stride;
  const std::int32_t* coefficients;
  std::size_t taps;
};

struct ResampleKernels {
  const char* name;
  /// One row of three-channel pixels. Writes one byte beyond the last pixel.
  void (*horizontal)(const HorizontalFilter& filter, const std::uint8_t* row, std::uint8_t* to);
  /// `bytes` bytes of one row.
  void (*vertical)(const VerticalFilter& filter, std::size_t bytes, std::uint8_t* to);
};

/// For any processor; its horizontal kernel reads no pixel but the taps.
extern const ResampleKernels kPortableResampleKernels;
#if defined(__x86_64__)
extern const ResampleKernels kAvx2ResampleKernels;
#endif

/// The fastest of those that this processor has.
const ResampleKernels& resample_kernels();

}  // namespace mobileclip
