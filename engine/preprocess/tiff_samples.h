// From TIFF's sample layouts to 8-bit RGB, a row at a time. Pure arithmetic: no libtiff here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mobileclip {

/// What the samples mean, Pillow's conversion of each to RGB in engine/preprocess/tiff_samples.cpp.
enum class TiffColor {
  kGrey,              ///< 1 sample
  kGreyInverted,      ///< 1 sample, 0 is white
  kPalette,           ///< 1 sample, an index
  kRgb,               ///< 3 samples
  kRgbPremultiplied,  ///< 3 samples multiplied by the fourth
  kCmyk,              ///< 4 samples, 255 is full ink
};

/// How many samples of a pixel the colour takes.
int samples_needed(TiffColor color);

/// Where a sample stands among the packed bits of a stored row.
struct SampleLayout {
  int bits;       ///< 1, 2, 4, 8, 12, or 16 in the machine's byte order
  int per_pixel;  ///< samples stored for each pixel
  int index;      ///< which of them
};

/// Takes one sample of `count` pixels out of a stored row and writes it to every `to_step`-th byte of `to`: of 12 and
/// 16 bits the high eight (Pillow's "RGB;16L"); fewer than eight spread over 0..255, palette indices as they are.
/// `row` must be readable for two bytes beyond its end.
void unpack_samples(const std::uint8_t* row, const SampleLayout& layout, int count, bool is_index, std::uint8_t* to,
                    int to_step);

using TiffPalette = std::array<std::array<std::uint8_t, 3>, 256>;

/// `samples`: [count, samples_needed(color)] to `rgb`: [count, 3]. `palette` is looked at for kPalette only.
void samples_to_rgb(const std::uint8_t* samples, TiffColor color, const TiffPalette& palette, int count,
                    std::uint8_t* rgb);

}  // namespace mobileclip
