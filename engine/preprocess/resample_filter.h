// The coefficients of Pillow's separable resampling (src/libImaging/Resample.c), for the output pixels that are wanted.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/preprocess/image_preprocessor.h"
#include "engine/preprocess/resample_kernels.h"

namespace mobileclip {

/// A run of output pixels along one axis.
struct ResampleAxis {
  int in_size;          ///< pixels of the source
  int out_size;         ///< pixels of the whole resized image
  int out_first;        ///< first one wanted
  int out_count;        ///< how many are
  double in_begin = 0;  ///< the part of the source that is resized, as Pillow's `box`
  double in_length = in_size;
};

/// Output pixel i (counted from out_first) is the sum of coefficients(i)[t] * source[taps[i].first + t].
struct ResampleFilter {
  ResampleFilter(const ResampleAxis& axis, Interpolation interpolation);

  [[nodiscard]] const std::int32_t* coefficients(int i) const {
    return values.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(max_taps);
  }
  /// The source pixels that any wanted output pixel looks at: [source_first, source_end).
  [[nodiscard]] int source_first() const { return taps.front().first; }
  [[nodiscard]] int source_end() const { return taps.back().first + taps.back().count; }

  int max_taps;  ///< a multiple of kTapGroup
  std::vector<ResampleTaps> taps;
  std::vector<std::int32_t> values;  ///< [out_count, max_taps], zero beyond an output pixel's taps
};

}  // namespace mobileclip
