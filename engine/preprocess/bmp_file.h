// The headers of a BMP file: OS/2 1.x (BITMAPCOREHEADER), OS/2 2.x, Windows 3 to 5.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/result.h"

namespace mobileclip {

enum class BmpCompression { kNone, kRle8, kRle4 };

/// One colour's place in a 16 or 32-bit pixel. No bits: the channel is 0.
struct BmpChannel {
  int shift = 0;
  int bits = 0;
};

/// A view of the encoded bytes, which must outlive it.
struct BmpFile {
  std::uint32_t width;
  std::uint32_t height;
  bool top_down = false;
  int bits_per_pixel = 0;  ///< 1, 4, 8, 16, 24 or 32
  BmpCompression compression = BmpCompression::kNone;
  std::array<BmpChannel, 3> channels;                    ///< red, green, blue; 16 and 32 bits a pixel
  std::array<std::array<std::uint8_t, 3>, 256> palette;  ///< RGB; beyond the file's own colours the grey of the index
  std::span<const std::byte> pixels;                     ///< from the first pixel's byte to the end of the file
};

/// kInvalidImage for damaged headers, kUnsupportedImage for kinds of BMP that hold another format or are unknown.
Result<BmpFile> parse_bmp(std::span<const std::byte> encoded);

}  // namespace mobileclip
