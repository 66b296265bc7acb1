#include "engine/preprocess/tiff_samples.h"

#include <algorithm>
#include <cstring>

#include "engine/preprocess/inks.h"

namespace mobileclip {
namespace {

std::uint8_t clip_8(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

std::uint32_t packed_bits(const std::uint8_t* row, std::size_t bit, int bits) {
  const std::uint8_t* from = row + bit / 8;
  const std::uint32_t window = std::uint32_t{from[0]} << 16 | std::uint32_t{from[1]} << 8 | from[2];
  return window >> (24 - static_cast<int>(bit % 8) - bits) & ((1u << bits) - 1);
}

}  // namespace

int samples_needed(TiffColor color) {
  switch (color) {
    case TiffColor::kGrey:
    case TiffColor::kGreyInverted:
    case TiffColor::kPalette:
      return 1;
    case TiffColor::kRgb:
      return 3;
    case TiffColor::kRgbPremultiplied:
    case TiffColor::kCmyk:
      return 4;
  }
  return 0;
}

void unpack_samples(const std::uint8_t* row, const SampleLayout& layout, int count, bool is_index, std::uint8_t* to,
                    int to_step) {
  const auto per_pixel = static_cast<std::size_t>(layout.per_pixel);
  const auto index = static_cast<std::size_t>(layout.index);
  for (std::size_t x = 0; x < static_cast<std::size_t>(count); ++x, to += to_step) {
    const std::size_t sample = x * per_pixel + index;
    if (layout.bits == 8) {
      *to = row[sample];
    } else if (layout.bits == 16) {
      std::uint16_t value = 0;
      std::memcpy(&value, row + 2 * sample, sizeof value);
      *to = static_cast<std::uint8_t>(value >> 8);
    } else {
      const std::uint32_t value = packed_bits(row, sample * static_cast<std::size_t>(layout.bits), layout.bits);
      if (layout.bits > 8) {
        *to = static_cast<std::uint8_t>(value >> (layout.bits - 8));
      } else {
        *to = static_cast<std::uint8_t>(is_index ? value : value * 255 / ((1u << layout.bits) - 1));
      }
    }
  }
}

void samples_to_rgb(const std::uint8_t* samples, TiffColor color, const TiffPalette& palette, int count,
                    std::uint8_t* rgb) {
  const int step = samples_needed(color);
  for (int x = 0; x < count; ++x, samples += step, rgb += 3) {
    switch (color) {
      case TiffColor::kGrey:
        std::fill_n(rgb, 3, samples[0]);
        break;
      case TiffColor::kGreyInverted:
        std::fill_n(rgb, 3, static_cast<std::uint8_t>(255 - samples[0]));
        break;
      case TiffColor::kPalette:
        std::copy_n(palette[samples[0]].begin(), 3, rgb);
        break;
      case TiffColor::kRgb:
        std::copy_n(samples, 3, rgb);
        break;
      case TiffColor::kRgbPremultiplied: {
        const int alpha = samples[3];
        for (int c = 0; c < 3; ++c) rgb[c] = alpha == 0 ? std::uint8_t{0} : clip_8(255 * samples[c] / alpha);
        break;
      }
      case TiffColor::kCmyk: {
        const int white = 255 - samples[3];
        for (int c = 0; c < 3; ++c) rgb[c] = light_left_by(samples[c], white);
        break;
      }
    }
  }
}

}  // namespace mobileclip
