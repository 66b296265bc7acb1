#include "engine/preprocess/image_header.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>

#include "engine/preprocess/bmp_file.h"
#include "engine/preprocess/byte_view.h"
#include "engine/preprocess/image_errors.h"
#include "engine/preprocess/jpeg_file.h"
#include "engine/preprocess/opencv_decoder.h"
#include "engine/preprocess/png_file.h"
#include "engine/preprocess/tiff_decoder.h"
#include "engine/preprocess/tiff_directory.h"
#include "engine/preprocess/webp_file.h"

namespace mobileclip {
namespace {

template <typename File>
Result<ImageInfo> info_of(ImageFormat format, const Result<File>& file) {
  if (!file) return file.error();
  constexpr ImageLimits kAnySize{.max_pixels = std::numeric_limits<std::uint64_t>::max(),
                                 .max_side = std::numeric_limits<int>::max()};
  constexpr std::uint64_t kMaxInt = std::numeric_limits<int>::max();
  const std::uint64_t longest = std::max<std::uint64_t>(file->width, file->height);
  if (longest == 0 || file->width == 0 || file->height == 0) return *check_size(file->width, file->height, kAnySize);
  if (longest > kMaxInt)
    return image_too_large("image side of " + std::to_string(longest) + " pixels is beyond any limit");
  return ImageInfo{format, static_cast<int>(file->width), static_cast<int>(file->height)};
}

}  // namespace

std::string_view to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return "JPEG";
    case ImageFormat::kPng:
      return "PNG";
    case ImageFormat::kWebp:
      return "WebP";
    case ImageFormat::kBmp:
      return "BMP";
    case ImageFormat::kTiff:
      return "TIFF";
  }
  return "unknown";
}

std::optional<ImageFormat> sniff_image_format(std::span<const std::byte> encoded) {
  const ByteView bytes(encoded);
  if (bytes.matches(0, "\xFF\xD8\xFF")) return ImageFormat::kJpeg;
  if (bytes.matches(0, "\x89PNG\r\n\x1a\n")) return ImageFormat::kPng;
  if (bytes.matches(0, "RIFF") && bytes.matches(8, "WEBP")) return ImageFormat::kWebp;
  if (bytes.matches(0, "BM")) return ImageFormat::kBmp;
  if (has_tiff_magic(encoded)) return ImageFormat::kTiff;
  return std::nullopt;
}

Error unknown_format_error() {
  return unsupported_image("image is of no accepted format by its first bytes: JPEG, PNG, WebP, BMP, TIFF");
}

std::optional<Error> check_size(std::uint64_t width, std::uint64_t height, const ImageLimits& limits) {
  const std::string size = std::to_string(width) + "x" + std::to_string(height);
  if (width == 0 || height == 0) return invalid_image("image is empty: " + size + " pixels");
  const auto max_side = static_cast<std::uint64_t>(std::clamp(limits.max_side, 1, kMaxCodecSide));
  if (std::max(width, height) > max_side) {
    return image_too_large("image is " + size + " pixels; the longest side accepted is " + std::to_string(max_side));
  }
  const std::uint64_t max_pixels = std::min(limits.max_pixels, kMaxCodecPixels);
  if (width * height > max_pixels) {
    return image_too_large("image is " + size + " = " + std::to_string(width * height) + " pixels; at most " +
                           std::to_string(max_pixels) + " are accepted");
  }
  return std::nullopt;
}

Result<ImageInfo> read_image_info(std::span<const std::byte> encoded) {
  const auto format = sniff_image_format(encoded);
  if (!format) return unknown_format_error();
  switch (*format) {
    case ImageFormat::kJpeg:
      return info_of(*format, parse_jpeg(encoded));
    case ImageFormat::kPng:
      return info_of(*format, parse_png_header(encoded));
    case ImageFormat::kWebp:
      return info_of(*format, parse_webp(encoded));
    case ImageFormat::kBmp:
      return info_of(*format, parse_bmp(encoded));
    case ImageFormat::kTiff:
      return info_of(*format, parse_tiff(encoded));
  }
  return unknown_format_error();
}

}  // namespace mobileclip
