// The RIFF structure of a WebP file (RFC 9649): canvas, the first frame's place on it, its bitstream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/preprocess/orientation.h"

namespace mobileclip {

/// A view of the encoded bytes, which must outlive it.
struct WebpFile {
  std::uint32_t width;  ///< of the canvas
  std::uint32_t height;
  std::uint32_t frame_x = 0;  ///< of the first frame on the canvas
  std::uint32_t frame_y = 0;
  std::uint32_t frame_width;
  std::uint32_t frame_height;
  std::span<const std::byte> bitstream;  ///< the "VP8 " or "VP8L" chunk, its header included
  Orientation orientation = Orientation::kUpright;
};

/// kInvalidImage where there is no image, or its size is not what the container says.
Result<WebpFile> parse_webp(std::span<const std::byte> encoded);

/// A still WebP file of the first frame without its ALPH chunk: alpha is dropped, the colours beneath are the
/// bitstream's own.
std::vector<std::byte> rebuild_webp(const WebpFile& file);

}  // namespace mobileclip
