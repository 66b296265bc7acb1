#include "engine/preprocess/webp_file.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "engine/preprocess/byte_view.h"
#include "engine/preprocess/image_errors.h"

namespace mobileclip {
namespace {

constexpr ByteOrder kOrder = ByteOrder::kLittle;
constexpr std::uint64_t kChunkHeader = 8;  // four characters, u32 size

struct Chunk {
  std::uint64_t at;    ///< of its header
  std::uint64_t size;  ///< of its data
  [[nodiscard]] std::uint64_t data() const { return at + kChunkHeader; }
  [[nodiscard]] std::uint64_t next() const { return data() + size + (size & 1); }
};

/// The chunk at `at`, or nullopt where none fits before `end`.
std::optional<Chunk> chunk_at(const ByteView& bytes, std::uint64_t at, std::uint64_t end) {
  if (at + kChunkHeader > end) return std::nullopt;
  const Chunk chunk{at, bytes.u32(at + 4, kOrder)};
  if (chunk.size > end - chunk.data()) return std::nullopt;
  return chunk;
}

bool is_bitstream(const ByteView& bytes, const Chunk& chunk) {
  return bytes.matches(chunk.at, "VP8 ") || bytes.matches(chunk.at, "VP8L");
}

struct Size {
  std::uint32_t width;
  std::uint32_t height;
};

/// From the bitstream's own header: RFC 6386 section 9.1 for VP8, RFC 9649 section 3.4 for VP8L.
std::optional<Size> bitstream_size(const ByteView& bytes, const Chunk& chunk) {
  const std::uint64_t data = chunk.data();
  if (bytes.matches(chunk.at, "VP8L")) {
    if (chunk.size < 5 || bytes.u8(data) != 0x2F) return std::nullopt;
    const std::uint32_t bits = bytes.u32(data + 1, kOrder);
    return Size{(bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1};
  }
  const bool key_frame = chunk.size >= 10 && (bytes.u8(data) & 1) == 0;
  if (!key_frame || !bytes.matches(data + 3, "\x9D\x01\x2A")) return std::nullopt;
  return Size{bytes.u16(data + 6, kOrder) & 0x3FFFu, bytes.u16(data + 8, kOrder) & 0x3FFFu};
}

}  // namespace

Result<WebpFile> parse_webp(std::span<const std::byte> encoded) {
  const ByteView bytes(encoded);
  const std::uint64_t end = bytes.size();
  constexpr std::uint64_t kRiffHeader = 12;
  std::optional<Chunk> chunk = chunk_at(bytes, kRiffHeader, end);
  if (!chunk) return invalid_image("WebP is truncated in its first chunk");

  WebpFile file{};
  const bool extended = bytes.matches(chunk->at, "VP8X");
  if (extended) {
    // VP8X: flags, three reserved bytes, canvas width and height less one.
    if (chunk->size < 10)
      return invalid_image("WebP VP8X chunk has " + std::to_string(chunk->size) + " bytes, expected 10");
    file.width = bytes.u24(chunk->data() + 4, kOrder) + 1;
    file.height = bytes.u24(chunk->data() + 7, kOrder) + 1;
    chunk = chunk_at(bytes, chunk->next(), end);
  } else if (!is_bitstream(bytes, *chunk)) {
    return invalid_image("WebP begins with none of the chunks VP8, VP8L and VP8X");
  }

  std::optional<Chunk> bitstream;
  bool animated = false;
  for (; chunk; chunk = chunk_at(bytes, chunk->next(), end)) {
    if (is_bitstream(bytes, *chunk) && !bitstream) {
      bitstream = chunk;
    } else if (bytes.matches(chunk->at, "ANMF") && !bitstream) {
      // ANMF: x/2, y/2, width-1, height-1 in three bytes each, duration, flags; then the frame's own chunks.
      constexpr std::uint64_t kFrameHeader = 16;
      if (chunk->size < kFrameHeader) return invalid_image("WebP animation frame is too short");
      const std::uint64_t frame_end = chunk->data() + chunk->size;
      auto part = chunk_at(bytes, chunk->data() + kFrameHeader, frame_end);
      while (part && !is_bitstream(bytes, *part)) part = chunk_at(bytes, part->next(), frame_end);
      if (!part) return invalid_image("WebP animation has a first frame without an image");
      bitstream = part;
      animated = true;
      file.frame_x = 2 * bytes.u24(chunk->data(), kOrder);
      file.frame_y = 2 * bytes.u24(chunk->data() + 3, kOrder);
      file.frame_width = bytes.u24(chunk->data() + 6, kOrder) + 1;
      file.frame_height = bytes.u24(chunk->data() + 9, kOrder) + 1;
    } else if (bytes.matches(chunk->at, "EXIF")) {
      file.orientation = exif_orientation(bytes.sub(chunk->data(), chunk->size));
    }
  }
  if (!bitstream) return invalid_image("WebP has no complete image chunk (VP8 or VP8L): truncated or damaged");
  const std::optional<Size> size = bitstream_size(bytes, *bitstream);
  if (!size) return invalid_image("WebP image chunk does not begin with a key frame's header");

  if (!extended) {
    file.width = size->width;
    file.height = size->height;
  }
  if (!animated) {
    file.frame_width = file.width;
    file.frame_height = file.height;
  }
  if (size->width != file.frame_width || size->height != file.frame_height) {
    return invalid_image("WebP image chunk is " + std::to_string(size->width) + "x" + std::to_string(size->height) +
                         " pixels where the container says " + std::to_string(file.frame_width) + "x" +
                         std::to_string(file.frame_height));
  }
  if (file.frame_x + file.frame_width > file.width || file.frame_y + file.frame_height > file.height) {
    return invalid_image("WebP animation frame lies outside the canvas");
  }
  file.bitstream = bytes.sub(bitstream->at, kChunkHeader + bitstream->size);
  return file;
}

std::vector<std::byte> rebuild_webp(const WebpFile& file) {
  using namespace std::string_view_literals;
  // OpenCV asks for 32 bytes before it looks whether they are WebP; the RIFF size says that the padding is not.
  constexpr std::size_t kOpenCvSignature = 32;
  const std::size_t padded = file.bitstream.size() + (file.bitstream.size() & 1);
  std::vector<std::byte> webp;
  webp.reserve(std::max(12 + padded, kOpenCvSignature));
  const auto append = [&webp](std::span<const std::byte> bytes) {
    webp.insert(webp.end(), bytes.begin(), bytes.end());
  };

  append(std::as_bytes(std::span("RIFF"sv)));
  const auto riff_size = static_cast<std::uint32_t>(4 + padded);
  for (int shift = 0; shift < 32; shift += 8) webp.push_back(static_cast<std::byte>(riff_size >> shift));
  append(std::as_bytes(std::span("WEBP"sv)));
  append(file.bitstream);
  webp.resize(std::max(12 + padded, kOpenCvSignature));
  return webp;
}

}  // namespace mobileclip
