// From an encoded image to the pixels that the model sees: sniff, check limits, decode, Pillow-exact resize of the
// shorter edge, torchvision's centre crop, RGB. Normalisation is not done here: the image tower's stem does it
// through a 256-entry table a channel, so that a waiting image takes 3 bytes a pixel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace mobileclip {

/// 8-bit RGB, rows top to bottom, channels interleaved: [height, width, 3].
struct RgbImage {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;
};

enum class Interpolation { kBilinear, kBicubic };
/// Of JPEG, PNG and WebP. (A TIFF's orientation tag is no metadata but part of the format: always applied, as in
/// Pillow.)
enum class ExifOrientation { kIgnore, kApply };

/// kFast lets libjpeg shrink a JPEG while decoding it, to no less than the resize asks for: sooner done, and not quite
/// the reference's pixels (docs/preprocessing.md has the numbers). Other formats are decoded exactly either way.
enum class JpegDecoding { kExact, kFast };

struct PreprocessConfig {
  int image_size = 256;  ///< pixels a side of what the model takes
  Interpolation interpolation = Interpolation::kBilinear;
  ExifOrientation exif = ExifOrientation::kIgnore;
  JpegDecoding decode = JpegDecoding::kExact;
};

class DecodeBudget;

/// Checked against the file's own header before any decoding, which takes 3 bytes a pixel; of JPEG a row, or with
/// several scans 2 bytes a sample. The default takes what phones make (8192x6144).
struct ImageLimits {
  std::size_t max_encoded_bytes = 32u << 20;
  std::uint64_t max_pixels = std::uint64_t{8192} * 6144;
  int max_side = 20'000;                      ///< pixels
  std::uint64_t max_decode_bytes = 1u << 30;  ///< of all images that share `decoding`, at a time; more wait
  DecodeBudget* decoding = nullptr;           ///< not owned; null: nobody else decodes
};

enum class ImageFormat { kJpeg, kPng, kWebp, kBmp, kTiff };

struct ImageInfo {
  ImageFormat format;
  int width;  ///< pixels, before any EXIF rotation
  int height;
};

std::string_view to_string(ImageFormat format);

/// Reads format and size from the header alone. kUnsupportedImage where the magic bytes are of no accepted format,
/// kInvalidImage where the header is damaged.
Result<ImageInfo> read_image_info(std::span<const std::byte> encoded);

/// The whole path, to image_size x image_size RGB pixels. Thread-safe, keeps no state, never throws for bad input;
/// errors as read_image_info, and kImageTooLarge.
Result<RgbImage> preprocess_image(std::span<const std::byte> encoded, const PreprocessConfig& config,
                                  const ImageLimits& limits);

/// The part after decoding: resize, crop. `rgb` must not be empty.
RgbImage resize_and_crop(const RgbImage& rgb, const PreprocessConfig& config);

}  // namespace mobileclip
