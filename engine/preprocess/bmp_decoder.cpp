#include "engine/preprocess/bmp_decoder.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "engine/preprocess/byte_view.h"
#include "engine/preprocess/image_errors.h"

namespace mobileclip {
namespace {

Error truncated() { return invalid_image("BMP is truncated in its pixels"); }

/// n bits to 8 as Pillow does, v * 255 / (2^n - 1) rounded down; of more than 8 the high ones.
std::uint8_t widen(std::uint32_t pixel, BmpChannel channel) {
  if (channel.bits == 0) return 0;
  std::uint64_t value = pixel >> channel.shift & ((std::uint64_t{1} << channel.bits) - 1);
  if (channel.bits > 8) return static_cast<std::uint8_t>(value >> (channel.bits - 8));
  value = value * 255 / ((1u << channel.bits) - 1);
  return static_cast<std::uint8_t>(value);
}

void unpack_row(const BmpFile& file, std::span<const std::byte> stored, std::uint8_t* rgb) {
  const ByteView bytes(stored);
  const int depth = file.bits_per_pixel;
  for (std::uint32_t x = 0; x < file.width; ++x, rgb += kChannels) {
    if (depth <= 8) {
      const std::uint32_t bit = x * static_cast<std::uint32_t>(depth);
      const std::uint32_t index =
          bytes.u8(bit / 8) >> (8 - static_cast<std::uint32_t>(depth) - bit % 8) & ((1u << depth) - 1);
      std::copy_n(file.palette[index].begin(), kChannels, rgb);
    } else if (depth == 24) {
      for (std::uint32_t c = 0; c < kChannels; ++c) rgb[c] = bytes.u8(3 * std::uint64_t{x} + 2 - c);
    } else {
      const std::uint32_t pixel = depth == 16 ? bytes.u16(2 * std::uint64_t{x}, ByteOrder::kLittle)
                                              : bytes.u32(4 * std::uint64_t{x}, ByteOrder::kLittle);
      for (std::size_t c = 0; c < kChannels; ++c) rgb[c] = widen(pixel, file.channels[c]);
    }
  }
}

/// The row of the image in which the file's row `stored` stands.
int image_row(const BmpFile& file, std::uint32_t stored) {
  return static_cast<int>(file.top_down ? stored : file.height - 1 - stored);
}

PixelBuffer make_image(const BmpFile& file) { return {static_cast<int>(file.width), static_cast<int>(file.height)}; }

Result<DecodedImage> decode_rows(const BmpFile& file) {
  const std::uint64_t row_bits = std::uint64_t{file.width} * static_cast<std::uint64_t>(file.bits_per_pixel);
  const std::uint64_t row_bytes = (row_bits + 7) / 8;
  const std::uint64_t stride = (row_bits + 31) / 32 * 4;
  const ByteView bytes(file.pixels);
  // Before any memory is taken. The padding of the last row may be missing.
  if (!bytes.contains((file.height - 1) * stride, row_bytes)) return truncated();

  PixelBuffer image = make_image(file);
  for (std::uint32_t y = 0; y < file.height; ++y) {
    unpack_row(file, bytes.sub(y * stride, row_bytes), image.row(image_row(file, y)));
  }
  return std::move(image).finish(ChannelOrder::kRgb);
}

/// Run-length decoding of indices (Windows' "Bitmap Compression"). Pixels that the runs leave out have index 0; runs
/// past the end of a row are cut.
std::optional<Error> draw_runs(const BmpFile& file, PixelBuffer& image) {
  const bool nibbles = file.compression == BmpCompression::kRle4;
  for (std::uint32_t y = 0; y < file.height; ++y) {
    std::uint8_t* row = image.row(static_cast<int>(y));
    for (std::uint32_t x = 0; x < file.width; ++x)
      std::copy_n(file.palette[0].begin(), kChannels, row + std::size_t{x} * 3);
  }

  const ByteView bytes(file.pixels);
  std::uint64_t at = 0;
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  const auto put = [&](std::uint32_t index) {
    if (x < file.width)
      std::copy_n(file.palette[index].begin(), kChannels, image.row(image_row(file, y)) + std::size_t{x} * 3);
    ++x;
  };
  while (y < file.height) {
    if (!bytes.contains(at, 2)) {
      const bool full = y + 1 == file.height && x >= file.width;
      return full ? std::nullopt : std::optional<Error>(truncated());
    }
    const std::uint32_t count = bytes.u8(at);
    const std::uint32_t value = bytes.u8(at + 1);
    at += 2;
    if (count != 0) {  // a run; of nibbles, the two of `value` in turn
      for (std::uint32_t i = 0; i < count; ++i) put(nibbles ? (i % 2 == 0 ? value >> 4 : value & 15) : value);
    } else if (value == 0) {  // end of line
      x = 0;
      ++y;
    } else if (value == 1) {  // end of bitmap
      return std::nullopt;
    } else if (value == 2) {  // move
      if (!bytes.contains(at, 2)) return truncated();
      x = std::min(x + bytes.u8(at), file.width);
      y += bytes.u8(at + 1);
      at += 2;
    } else {  // `value` literal indices, padded to 16 bits
      const std::uint64_t literal_bytes = nibbles ? (value + 1) / 2 : value;
      if (!bytes.contains(at, literal_bytes)) return truncated();
      for (std::uint32_t i = 0; i < value; ++i) {
        put(nibbles ? bytes.u8(at + i / 2) >> (i % 2 == 0 ? 4 : 0) & 15u : bytes.u8(at + i));
      }
      at += literal_bytes + (literal_bytes & 1);
    }
  }
  return std::nullopt;
}

}  // namespace

Result<DecodedImage> decode_bmp(const BmpFile& file) {
  if (file.compression == BmpCompression::kNone) return decode_rows(file);
  PixelBuffer image = make_image(file);
  if (auto error = draw_runs(file, image)) return *std::move(error);
  return std::move(image).finish(ChannelOrder::kRgb);
}

}  // namespace mobileclip
