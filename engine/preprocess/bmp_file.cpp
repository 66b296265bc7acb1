#include "engine/preprocess/bmp_file.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>

#include "engine/preprocess/byte_view.h"
#include "engine/preprocess/image_errors.h"

namespace mobileclip {
namespace {

constexpr ByteOrder kOrder = ByteOrder::kLittle;
constexpr std::uint32_t kFileHeader = 14;
constexpr std::uint32_t kOs2Header = 12;
constexpr std::uint32_t kWindows3Header = 40;
constexpr std::uint32_t kBitfields = 3;

bool known_header(std::uint32_t bytes) {
  constexpr std::array<std::uint32_t, 7> kKnown{kOs2Header, kWindows3Header, 52, 56, 64, 108, 124};
  return std::find(kKnown.begin(), kKnown.end(), bytes) != kKnown.end();
}

/// nullopt for masks with gaps.
std::optional<BmpChannel> channel_of(std::uint32_t mask) {
  if (mask == 0) return BmpChannel{};
  const int shift = std::countr_zero(mask);
  const int bits = std::popcount(mask);
  if (std::countr_one(mask >> shift) != bits) return std::nullopt;
  return BmpChannel{shift, bits};
}

std::array<BmpChannel, 3> default_channels(int bits_per_pixel) {
  if (bits_per_pixel == 16) return {BmpChannel{10, 5}, BmpChannel{5, 5}, BmpChannel{0, 5}};
  return {BmpChannel{16, 8}, BmpChannel{8, 8}, BmpChannel{0, 8}};
}

struct PaletteLayout {
  std::uint64_t at;
  std::uint32_t colors;
  std::uint32_t entry_bytes;  ///< BGR or BGRx
};

void read_palette(const ByteView& bytes, const PaletteLayout& layout, BmpFile& file) {
  for (std::uint32_t i = 0; i < file.palette.size(); ++i) file.palette[i].fill(static_cast<std::uint8_t>(i));
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(layout.colors, 256); ++i) {
    const std::uint64_t at = layout.at + std::uint64_t{i} * layout.entry_bytes;
    if (!bytes.contains(at, 3)) break;
    file.palette[i] = {bytes.u8(at + 2), bytes.u8(at + 1), bytes.u8(at)};
  }
}

}  // namespace

Result<BmpFile> parse_bmp(std::span<const std::byte> encoded) {
  const ByteView bytes(encoded);
  if (!bytes.contains(0, kFileHeader + 4)) return invalid_image("BMP is truncated in its file header");
  const std::uint32_t header_bytes = bytes.u32(kFileHeader, kOrder);
  if (!known_header(header_bytes)) {
    return unsupported_image("BMP header of " + std::to_string(header_bytes) +
                             " bytes is of no known kind (12, 40, 52, 56, 64, 108 or 124)");
  }
  if (!bytes.contains(kFileHeader, header_bytes)) return invalid_image("BMP is truncated in its bitmap header");

  BmpFile file{};
  std::uint32_t compression = 0;
  std::uint32_t colors = 0;
  PaletteLayout palette{kFileHeader + header_bytes, 0, 4};
  if (header_bytes == kOs2Header) {
    file.width = bytes.u16(kFileHeader + 4, kOrder);
    file.height = bytes.u16(kFileHeader + 6, kOrder);
    file.bits_per_pixel = bytes.u16(kFileHeader + 10, kOrder);
    palette.entry_bytes = 3;
  } else {
    const auto width = static_cast<std::int32_t>(bytes.u32(kFileHeader + 4, kOrder));
    const auto height = static_cast<std::int32_t>(bytes.u32(kFileHeader + 8, kOrder));
    if (width < 0) return invalid_image("BMP width is negative: " + std::to_string(width));
    file.width = static_cast<std::uint32_t>(width);
    file.top_down = height < 0;
    file.height = static_cast<std::uint32_t>(file.top_down ? -std::int64_t{height} : std::int64_t{height});
    file.bits_per_pixel = bytes.u16(kFileHeader + 14, kOrder);
    compression = bytes.u32(kFileHeader + 16, kOrder);
    colors = bytes.u32(kFileHeader + 32, kOrder);
  }

  const int depth = file.bits_per_pixel;
  if (depth != 1 && depth != 4 && depth != 8 && depth != 16 && depth != 24 && depth != 32) {
    return unsupported_image("BMP has " + std::to_string(depth) + " bits a pixel, expected 1, 4, 8, 16, 24 or 32");
  }
  if (compression == 1 && depth == 8) {
    file.compression = BmpCompression::kRle8;
  } else if (compression == 2 && depth == 4) {
    file.compression = BmpCompression::kRle4;
  } else if (compression != 0 && !(compression == kBitfields && depth >= 16)) {
    return unsupported_image("BMP compression " + std::to_string(compression) + " with " + std::to_string(depth) +
                             " bits a pixel is not one of: none, RLE8, RLE4, bit fields");
  }

  file.channels = default_channels(depth);
  if (compression == kBitfields) {
    // Headers over 40 bytes hold the masks themselves; after a header of 40 they follow it. The same place, that is.
    const std::uint64_t masks = kFileHeader + kWindows3Header;
    if (!bytes.contains(masks, 12)) return invalid_image("BMP is truncated in its bit fields");
    if (header_bytes == kWindows3Header) palette.at += 12;
    std::array<BmpChannel, 3> channels;
    bool any = false;
    for (std::size_t i = 0; i < channels.size(); ++i) {
      const std::uint32_t mask = bytes.u32(masks + 4 * i, kOrder);
      const auto channel = channel_of(depth == 16 ? mask & 0xFFFF : mask);
      if (!channel) return unsupported_image("BMP bit field mask has gaps");
      channels[i] = *channel;
      any = any || channel->bits != 0;
    }
    if (any && depth != 24) file.channels = channels;  // all masks zero means the default, as Pillow reads it
  }

  if (depth <= 8) {
    palette.colors = colors != 0 ? colors : 1u << depth;
    read_palette(bytes, palette, file);
  }
  std::uint64_t pixels_at = bytes.u32(10, kOrder);
  const std::uint64_t palette_end = palette.at + std::uint64_t{palette.colors} * palette.entry_bytes;
  // Some writers leave the offset out, or point it at the palette: the pixels then follow the palette.
  if (pixels_at == 0 || (depth <= 8 && pixels_at == kFileHeader + header_bytes)) pixels_at = palette_end;
  if (!bytes.contains(pixels_at, 1)) return invalid_image("BMP pixels begin beyond the end of the file: truncated");
  file.pixels = bytes.sub(pixels_at, bytes.size() - pixels_at);
  return file;
}

}  // namespace mobileclip
