#include "engine/preprocess/jpeg_file.h"

#include <cstring>
#include <string_view>

#include "engine/preprocess/byte_view.h"
#include "engine/preprocess/image_errors.h"

namespace mobileclip {
namespace {

constexpr std::uint8_t kTem = 0x01;
constexpr std::uint8_t kRst0 = 0xD0;
constexpr std::uint8_t kSoi = 0xD8;
constexpr std::uint8_t kEoi = 0xD9;
constexpr std::uint8_t kSos = 0xDA;
constexpr std::uint8_t kApp1 = 0xE1;

/// SOF0 to SOF15, of whose numbers DHT, JPG and DAC take three.
bool is_frame_header(std::uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

bool stands_alone(std::uint8_t marker) { return marker == kTem || (marker >= kRst0 && marker <= kSoi); }

/// Offset just past the next marker's code, or 0 where there is none. Skips what libjpeg's next_marker() skips: bytes
/// that are not 0xFF (entropy-coded data among them), stuffed 0xFF 0x00, fill bytes.
std::size_t next_marker(std::span<const std::byte> bytes, std::size_t from) {
  while (from < bytes.size()) {
    const void* found = std::memchr(bytes.data() + from, 0xFF, bytes.size() - from);
    if (found == nullptr) return 0;
    from = static_cast<std::size_t>(static_cast<const std::byte*>(found) - bytes.data()) + 1;
    while (from < bytes.size() && bytes[from] == std::byte{0xFF}) ++from;
    if (from < bytes.size() && bytes[from] != std::byte{0}) return from + 1;
  }
  return 0;
}

}  // namespace

Result<JpegFile> parse_jpeg(std::span<const std::byte> encoded) {
  using namespace std::string_view_literals;
  const ByteView bytes(encoded);
  JpegFile file{};
  bool has_frame = false;
  bool has_exif = false;

  for (std::size_t at = next_marker(encoded, 0); at != 0; at = next_marker(encoded, at)) {
    const std::uint8_t marker = bytes.u8(at - 1);
    if (marker == kEoi) {
      file.complete = true;
      break;
    }
    if (stands_alone(marker)) continue;
    if (!bytes.contains(at, 2)) break;
    const std::uint16_t length = bytes.u16(at, ByteOrder::kBig);  // counts itself
    if (length < 2 || !bytes.contains(at, length)) break;

    if (is_frame_header(marker) && !has_frame) {
      if (length < 8)
        return invalid_image("JPEG frame header has " + std::to_string(length) + " bytes, expected 8 or more");
      file.height = bytes.u16(at + 3, ByteOrder::kBig);
      file.width = bytes.u16(at + 5, ByteOrder::kBig);
      has_frame = true;
    } else if (marker == kSos) {
      ++file.scans;
    } else if (marker == kApp1 && !has_exif && bytes.matches(at + 2, "Exif\0"sv)) {
      file.orientation = exif_orientation(bytes.sub(at + 2, length - 2u));
      has_exif = true;
    }
    at += length;
  }
  if (!has_frame) return invalid_image("JPEG has no frame header (SOF marker)");
  return file;
}

}  // namespace mobileclip
