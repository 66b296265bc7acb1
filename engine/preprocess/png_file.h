// The chunk structure of a PNG file (W3C PNG, section 5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/preprocess/orientation.h"

namespace mobileclip {

/// Views of the encoded bytes, which must outlive it.
struct PngFile {
  std::uint32_t width;
  std::uint32_t height;
  std::uint8_t bit_depth;
  std::uint8_t color_type;
  std::span<const std::byte> header;             ///< the IHDR chunk's data
  std::span<const std::byte> palette;            ///< the PLTE chunk's data, empty where there is none
  std::vector<std::span<const std::byte>> data;  ///< whole IDAT chunks, length and CRC included
  Orientation orientation = Orientation::kUpright;
};

/// kInvalidImage where the chunks that carry the pixels are missing, cut off or fail their CRC. Chunks that do not
/// matter to the pixels are skipped unread.
Result<PngFile> parse_png(std::span<const std::byte> encoded);

/// Only IHDR's size fields: what a file is that breaks off later.
Result<PngFile> parse_png_header(std::span<const std::byte> encoded);

/// A PNG file of the same pixels and nothing else: no compressed profiles and texts (bombs live there), no gamma. A
/// palette shorter than the indices may reach is continued with Pillow's default, the grey of the index.
std::vector<std::byte> rebuild_png(const PngFile& file);

}  // namespace mobileclip
