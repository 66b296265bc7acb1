#include "engine/preprocess/png_file.h"

#include <zlib.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "engine/preprocess/byte_view.h"
#include "engine/preprocess/image_errors.h"

namespace mobileclip {
namespace {

constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";
constexpr std::size_t kHeaderBytes = 13;
constexpr std::size_t kChunkOverhead = 12;  // length, type, CRC
constexpr std::uint8_t kPaletteColor = 3;
constexpr std::size_t kMaxPalette = 256;

/// Bit depths of each colour type (PNG table 11.1).
bool allowed(std::uint8_t color_type, std::uint8_t depth) {
  switch (color_type) {
    case 0:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case kPaletteColor:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case 2:
    case 4:
    case 6:
      return depth == 8 || depth == 16;
    default:
      return false;
  }
}

std::uint32_t crc_of(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<z_size_t>(bytes.size())));
}

void append_u32(std::vector<std::byte>& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<std::byte>(value >> shift));
}

void append(std::vector<std::byte>& to, std::span<const std::byte> bytes) {
  const std::size_t at = to.size();
  to.resize(at + bytes.size());
  std::copy(bytes.begin(), bytes.end(), to.begin() + static_cast<std::ptrdiff_t>(at));
}

void append_chunk(std::vector<std::byte>& to, std::string_view type, std::span<const std::byte> data) {
  append_u32(to, static_cast<std::uint32_t>(data.size()));
  const std::size_t checked_from = to.size();
  append(to, std::as_bytes(std::span(type)));
  append(to, data);
  append_u32(to, crc_of(std::span(to).subspan(checked_from)));
}

Error cut_off(std::string_view type) {
  return invalid_image("PNG is truncated in its " + std::string(type) + " chunk");
}

}  // namespace

Result<PngFile> parse_png_header(std::span<const std::byte> encoded) {
  const ByteView bytes(encoded);
  const std::size_t at = kSignature.size();
  if (!bytes.contains(at, kHeaderBytes + kChunkOverhead)) return invalid_image("PNG is truncated in its IHDR chunk");
  if (bytes.u32(at, ByteOrder::kBig) != kHeaderBytes || !bytes.matches(at + 4, "IHDR")) {
    return invalid_image("PNG does not begin with an IHDR chunk of 13 bytes");
  }
  PngFile file{};
  file.header = bytes.sub(at + 8, kHeaderBytes);
  file.width = bytes.u32(at + 8, ByteOrder::kBig);
  file.height = bytes.u32(at + 12, ByteOrder::kBig);
  file.bit_depth = bytes.u8(at + 16);
  file.color_type = bytes.u8(at + 17);
  return file;
}

Result<PngFile> parse_png(std::span<const std::byte> encoded) {
  Result<PngFile> header = parse_png_header(encoded);
  if (!header) return header;
  PngFile file = std::move(header).value();
  if (!allowed(file.color_type, file.bit_depth)) {
    return invalid_image("PNG colour type " + std::to_string(file.color_type) + " with bit depth " +
                         std::to_string(file.bit_depth) + " does not exist");
  }

  const ByteView bytes(encoded);
  bool in_data = false;
  bool after_data = false;
  for (std::uint64_t at = kSignature.size(); bytes.contains(at, 8);) {
    const std::uint64_t length = bytes.u32(at, ByteOrder::kBig);
    const bool is_header = bytes.matches(at + 4, "IHDR");
    const bool is_palette = bytes.matches(at + 4, "PLTE");
    const bool is_data = bytes.matches(at + 4, "IDAT");
    if (in_data && !is_data) {
      in_data = false;
      after_data = true;  // IDAT chunks are consecutive; a second run is not part of the image
    }
    const bool matters = is_header || (is_palette && file.data.empty()) || (is_data && !after_data);
    const std::string_view name(reinterpret_cast<const char*>(encoded.data() + at + 4), 4);
    if (!bytes.contains(at, length + kChunkOverhead)) {
      if (matters) return cut_off(name);
      break;  // what follows the pixels may be missing, as it may for Pillow
    }
    if (matters && crc_of(bytes.sub(at + 4, length + 4)) != bytes.u32(at + 8 + length, ByteOrder::kBig)) {
      return invalid_image("PNG chunk " + std::string(name) + " fails its CRC");
    }

    if (is_palette && matters) {
      file.palette = bytes.sub(at + 8, length);
    } else if (is_data && matters) {
      file.data.push_back(bytes.sub(at, length + kChunkOverhead));
      in_data = true;
    } else if (bytes.matches(at + 4, "eXIf")) {
      file.orientation = exif_orientation(bytes.sub(at + 8, length));
    } else if (bytes.matches(at + 4, "IEND")) {
      break;
    }
    at += length + kChunkOverhead;
  }
  if (file.data.empty()) return invalid_image("PNG has no image data (IDAT chunk)");
  if (file.color_type == kPaletteColor &&
      (file.palette.empty() || file.palette.size() % 3 != 0 || file.palette.size() > 3 * kMaxPalette)) {
    return invalid_image("PNG palette has " + std::to_string(file.palette.size()) +
                         " bytes, expected 1 to 256 colours of 3 bytes");
  }
  return file;
}

std::vector<std::byte> rebuild_png(const PngFile& file) {
  std::size_t size = kSignature.size() + kHeaderBytes + 3 * kMaxPalette + 3 * kChunkOverhead;
  for (const auto chunk : file.data) size += chunk.size();
  std::vector<std::byte> png;
  png.reserve(size);

  append(png, std::as_bytes(std::span(kSignature)));
  append_chunk(png, "IHDR", file.header);
  if (file.color_type == kPaletteColor) {
    const std::size_t colors = std::size_t{1} << file.bit_depth;
    std::vector<std::byte> palette(file.palette.begin(), file.palette.end());
    for (std::size_t index = palette.size() / 3; index < colors; ++index) {
      palette.insert(palette.end(), 3, static_cast<std::byte>(index));
    }
    palette.resize(3 * colors);
    append_chunk(png, "PLTE", palette);
  }
  for (const auto chunk : file.data) append(png, chunk);
  append_chunk(png, "IEND", {});
  return png;
}

}  // namespace mobileclip
