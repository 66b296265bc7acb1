#include "engine/preprocess/pillow_resize.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "engine/preprocess/decoded_image.h"

namespace mobileclip {
namespace {

constexpr std::int32_t kHalf = 1 << (kCoefficientBits - 1);

std::uint8_t to_byte(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kCoefficientBits, 0, 255));
}

std::optional<ResampleFilter> filter_for(const ResampleAxis& axis, Interpolation interpolation) {
  if (axis.in_size == axis.out_size) return std::nullopt;
  return ResampleFilter(axis, interpolation);
}

}  // namespace

CropResizer::CropResizer(const CropResizeOptions& options)
    : horizontal_axis_(options.horizontal),
      vertical_axis_(options.vertical),
      horizontal_(filter_for(options.horizontal, options.interpolation)),
      vertical_(filter_for(options.vertical, options.interpolation)),
      first_row_(vertical_ ? vertical_->source_first() : options.vertical.out_first),
      end_row_(vertical_ ? vertical_->source_end() : options.vertical.out_first + options.vertical.out_count),
      row_bytes_(static_cast<std::size_t>(options.horizontal.out_count) * kChannels) {
  rows_.reserve(row_bytes_ * static_cast<std::size_t>(end_row_ - first_row_));
}

void CropResizer::push_row(const std::uint8_t* row) {
  const std::size_t filled = rows_.size();
  rows_.resize(filled + row_bytes_);
  std::uint8_t* to = rows_.data() + filled;
  if (horizontal_) {
    filter_row(row, to);
  } else {
    std::copy_n(row + static_cast<std::size_t>(horizontal_axis_.out_first) * kChannels, row_bytes_, to);
  }
}

void CropResizer::filter_row(const std::uint8_t* row, std::uint8_t* to) const {
  for (int x = 0; x < horizontal_axis_.out_count; ++x, to += kChannels) {
    const ResampleFilter::Taps taps = horizontal_->taps[static_cast<std::size_t>(x)];
    const std::int32_t* coefficients = horizontal_->coefficients(x);
    const std::uint8_t* from = row + static_cast<std::size_t>(taps.first) * kChannels;
    std::array<std::int32_t, kChannels> sums{kHalf, kHalf, kHalf};
    for (int t = 0; t < taps.count; ++t, from += kChannels) {
      for (std::size_t c = 0; c < kChannels; ++c) sums[c] += from[c] * coefficients[t];
    }
    for (std::size_t c = 0; c < kChannels; ++c) to[c] = to_byte(sums[c]);
  }
}

std::vector<std::uint8_t> CropResizer::finish() const {
  assert(rows_.size() == row_bytes_ * static_cast<std::size_t>(end_row_ - first_row_));
  if (!vertical_) return rows_;

  const auto out_rows = static_cast<std::size_t>(vertical_axis_.out_count);
  std::vector<std::uint8_t> out(row_bytes_ * out_rows);
  std::vector<std::int32_t> sums(row_bytes_);
  for (std::size_t y = 0; y < out_rows; ++y) {
    const ResampleFilter::Taps taps = vertical_->taps[y];
    const std::int32_t* coefficients = vertical_->coefficients(static_cast<int>(y));
    std::fill(sums.begin(), sums.end(), kHalf);
    for (int t = 0; t < taps.count; ++t) {
      const std::uint8_t* from = rows_.data() + static_cast<std::size_t>(taps.first + t - first_row_) * row_bytes_;
      for (std::size_t i = 0; i < row_bytes_; ++i) sums[i] += from[i] * coefficients[t];
    }
    std::transform(sums.begin(), sums.end(), out.begin() + static_cast<std::ptrdiff_t>(y * row_bytes_), to_byte);
  }
  return out;
}

}  // namespace mobileclip
