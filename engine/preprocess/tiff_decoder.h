// TIFF, read with libtiff itself: OpenCV 4.6 multiplies colours by alpha (TIFFReadRGBA's way), rounds 16 bits
// otherwise than its own PNG reader and Pillow do, knows no 2 or 4-bit images, and writes to stderr.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/result.h"
#include "engine/preprocess/decoded_image.h"
#include "engine/preprocess/orientation.h"

namespace mobileclip {

struct TiffFile {
  std::uint32_t width;
  std::uint32_t height;
  Orientation orientation = Orientation::kUpright;
};

/// Of the first image. kInvalidImage where its directory is damaged.
Result<TiffFile> parse_tiff(std::span<const std::byte> encoded);

/// The first image as it is stored, not yet turned by its orientation. Thread-safe. Bilevel, grey, palette, RGB and
/// CMYK of 1, 2, 4, 8, 12 and 16 unsigned bits, YCbCr; strips or tiles, interleaved or planar; not compressed, or by
/// CCITT, LZW, Deflate, PackBits, JPEG or Zstandard. kUnsupportedImage for others, kInvalidImage for damage.
Result<DecodedImage> decode_tiff(std::span<const std::byte> encoded, const TiffFile& file);

}  // namespace mobileclip
