// Pillow's Image.resize of 8-bit images, bit for bit, computing only a rectangle of its result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/preprocess/resample_filter.h"

namespace mobileclip {

struct CropResizeOptions {
  ResampleAxis horizontal;
  ResampleAxis vertical;
  Interpolation interpolation = Interpolation::kBilinear;
};

/// Takes the rows of a three-channel image from top to bottom, as a decoder delivers them, and filters each at once
/// horizontally into [rows looked at, out_count] pixels; finish() filters those vertically. Like Pillow it rounds to
/// 8 bits in between, and leaves out a pass that would not change the size. Not thread-safe, used once.
class CropResizer {
 public:
  explicit CropResizer(const CropResizeOptions& options);

  /// The rows it looks at: [first_row, end_row) of the source. Others need not be decoded.
  [[nodiscard]] int first_row() const { return first_row_; }
  [[nodiscard]] int end_row() const { return end_row_; }

  /// The next row, from first_row() on: in_size pixels of three channels.
  void push_row(const std::uint8_t* row);

  /// [vertical.out_count, horizontal.out_count, 3], after end_row() - first_row() rows.
  [[nodiscard]] std::vector<std::uint8_t> finish() const;

 private:
  void filter_row(const std::uint8_t* row, std::uint8_t* to) const;

  ResampleAxis horizontal_axis_;
  ResampleAxis vertical_axis_;
  std::optional<ResampleFilter> horizontal_;  ///< absent where the pass changes nothing
  std::optional<ResampleFilter> vertical_;
  int first_row_;
  int end_row_;
  std::size_t row_bytes_;           ///< of a filtered row
  std::vector<std::uint8_t> rows_;  ///< filtered so far
};

}  // namespace mobileclip
