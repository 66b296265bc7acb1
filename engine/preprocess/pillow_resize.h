// Pillow's Image.resize of 8-bit images, bit for bit, computing only a rectangle of its result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/preprocess/resample_filter.h"
#include "engine/preprocess/resample_kernels.h"

namespace mobileclip {

struct CropResizeOptions {
  ResampleAxis horizontal;
  ResampleAxis vertical;
  Interpolation interpolation = Interpolation::kBilinear;
  const ResampleKernels& kernels = resample_kernels();
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
  /// The columns of them that it looks at: [first_column, end_column).
  [[nodiscard]] int first_column() const { return first_column_; }
  [[nodiscard]] int end_column() const { return end_column_; }

  /// The next row, from first_row() on: in_size pixels of three channels, of which all must be readable.
  void push_row(const std::uint8_t* row);

  /// [vertical.out_count, horizontal.out_count, 3], after end_row() - first_row() rows.
  [[nodiscard]] std::vector<std::uint8_t> finish() const;

 private:
  void filter_row(const std::uint8_t* row, std::uint8_t* to) const;

  const ResampleKernels& kernels_;
  ResampleAxis horizontal_axis_;
  ResampleAxis vertical_axis_;
  std::optional<ResampleFilter> horizontal_;  ///< absent where the pass changes nothing
  std::optional<ResampleFilter> vertical_;
  int first_row_;
  int end_row_;
  int first_column_;
  int end_column_;
  std::size_t away_from_edge_;      ///< output pixels of a row before the first whose kernel could read beyond the row
  std::size_t row_bytes_;           ///< of a filtered row
  std::size_t filled_ = 0;          ///< bytes of rows_ that are filtered
  std::vector<std::uint8_t> rows_;  ///< [end_row - first_row, row_bytes], and the byte that kernels write beyond
};

}  // namespace mobileclip
