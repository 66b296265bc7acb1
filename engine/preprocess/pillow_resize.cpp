#include "engine/preprocess/pillow_resize.h"

#include <algorithm>
#include <cassert>

#include "engine/preprocess/decoded_image.h"

namespace mobileclip {
namespace {

std::optional<ResampleFilter> filter_for(const ResampleAxis& axis, Interpolation interpolation) {
  if (axis.in_begin == 0 && axis.in_length == axis.out_size) return std::nullopt;
  return ResampleFilter(axis, interpolation);
}

/// How many output pixels may be filtered in whole groups of taps without reading beyond the source row.
std::size_t count_away_from_edge(const ResampleFilter& filter, int in_size) {
  const auto reads_beyond = [in_size](const ResampleTaps& taps) {
    const int grouped = (taps.count + kTapGroup - 1) / kTapGroup * kTapGroup;
    return taps.first + grouped + kReadAhead > in_size;
  };
  const auto edge = std::find_if(filter.taps.begin(), filter.taps.end(), reads_beyond);
  return static_cast<std::size_t>(edge - filter.taps.begin());
}

}  // namespace

CropResizer::CropResizer(const CropResizeOptions& options)
    : kernels_(options.kernels),
      horizontal_axis_(options.horizontal),
      vertical_axis_(options.vertical),
      horizontal_(filter_for(options.horizontal, options.interpolation)),
      vertical_(filter_for(options.vertical, options.interpolation)),
      first_row_(vertical_ ? vertical_->source_first() : options.vertical.out_first),
      end_row_(vertical_ ? vertical_->source_end() : options.vertical.out_first + options.vertical.out_count),
      first_column_(horizontal_ ? horizontal_->source_first() : options.horizontal.out_first),
      end_column_(horizontal_ ? horizontal_->source_end()
                              : options.horizontal.out_first + options.horizontal.out_count),
      away_from_edge_(horizontal_ ? count_away_from_edge(*horizontal_, options.horizontal.in_size) : 0),
      row_bytes_(static_cast<std::size_t>(options.horizontal.out_count) * kChannels),
      rows_(row_bytes_ * static_cast<std::size_t>(end_row_ - first_row_) + 1) {}

void CropResizer::push_row(const std::uint8_t* row) {
  assert(filled_ + row_bytes_ < rows_.size());
  std::uint8_t* to = rows_.data() + filled_;
  filled_ += row_bytes_;
  if (horizontal_) {
    filter_row(row, to);
  } else {
    std::copy_n(row + static_cast<std::size_t>(horizontal_axis_.out_first) * kChannels, row_bytes_, to);
  }
}

void CropResizer::filter_row(const std::uint8_t* row, std::uint8_t* to) const {
  const auto max_taps = static_cast<std::size_t>(horizontal_->max_taps);
  const std::size_t inner = away_from_edge_;
  kernels_.horizontal({horizontal_->taps.data(), horizontal_->values.data(), max_taps, inner}, row, to);
  const HorizontalFilter edge{horizontal_->taps.data() + inner, horizontal_->values.data() + inner * max_taps, max_taps,
                              horizontal_->taps.size() - inner};
  kPortableResampleKernels.horizontal(edge, row, to + inner * kChannels);
}

std::vector<std::uint8_t> CropResizer::finish() const {
  assert(filled_ + 1 == rows_.size());
  if (!vertical_) return {rows_.begin(), rows_.end() - 1};

  const auto out_rows = static_cast<std::size_t>(vertical_axis_.out_count);
  std::vector<std::uint8_t> out(row_bytes_ * out_rows);
  for (std::size_t y = 0; y < out_rows; ++y) {
    const ResampleTaps taps = vertical_->taps[y];
    const VerticalFilter filter{rows_.data() + static_cast<std::size_t>(taps.first - first_row_) * row_bytes_,
                                row_bytes_, vertical_->coefficients(static_cast<int>(y)),
                                static_cast<std::size_t>(taps.count)};
    kernels_.vertical(filter, row_bytes_, out.data() + y * row_bytes_);
  }
  return out;
}

}  // namespace mobileclip
