// What decoders hand to the resizer: 8-bit pixels of three channels, in whichever order the codec writes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace mobileclip {

enum class ChannelOrder { kRgb, kBgr };

inline constexpr int kChannels = 3;

/// Rows top to bottom, channels interleaved.
struct DecodedImage {
  int width = 0;
  int height = 0;
  std::size_t stride = 0;  ///< bytes from one row to the next
  ChannelOrder order = ChannelOrder::kRgb;
  std::shared_ptr<const std::uint8_t> pixels;  ///< shares ownership of whatever holds them

  [[nodiscard]] const std::uint8_t* row(int y) const { return pixels.get() + static_cast<std::size_t>(y) * stride; }
};

/// Pixels being written, before they become a DecodedImage. Zeroed.
struct PixelBuffer {
  PixelBuffer(int width_px, int height_px)
      : width(width_px),
        height(height_px),
        stride(static_cast<std::size_t>(width_px) * kChannels),
        pixels(new std::uint8_t[stride * static_cast<std::size_t>(height_px)]()) {}

  [[nodiscard]] std::uint8_t* row(int y) { return pixels.get() + static_cast<std::size_t>(y) * stride; }
  [[nodiscard]] DecodedImage finish(ChannelOrder order) && {
    return {width, height, stride, order, std::shared_ptr<const std::uint8_t>(pixels, pixels.get())};
  }

  int width;
  int height;
  std::size_t stride;
  std::shared_ptr<std::uint8_t[]> pixels;
};

}  // namespace mobileclip
