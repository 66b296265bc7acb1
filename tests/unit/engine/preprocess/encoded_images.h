// Makes the encoded images that the tests of this folder decode.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/preprocess/decoded_image.h"
#include "engine/preprocess/image_preprocessor.h"

namespace mobileclip::testing {

using Bytes = std::vector<std::byte>;

/// Pixels that look random and depend on nothing but the arguments.
RgbImage noise_image(int width, int height, std::uint32_t seed = 1);
/// Smooth, as photographs are.
RgbImage smooth_image(int width, int height);

/// By OpenCV; `extension` is ".png", ".jpg", ".webp" or ".bmp". `parameters` as cv::imencode takes them.
Bytes encode(const RgbImage& image, std::string_view extension, const std::vector<int>& parameters = {});

RgbImage to_rgb_image(const DecodedImage& decoded);

Bytes bytes_of(std::string_view text);
Bytes read_file(const std::filesystem::path& path);
Bytes concat(std::initializer_list<Bytes> parts);
Bytes little_endian(std::uint64_t value, int bytes);
Bytes big_endian(std::uint64_t value, int bytes);

/// A PNG chunk with its length and CRC.
Bytes png_chunk(std::string_view type, const Bytes& data);
struct PngHeader {
  std::uint32_t width;
  std::uint32_t height;
  int bit_depth;
  int color_type;
};
Bytes png_header_chunk(const PngHeader& header);
/// IDAT of rows that are not filtered yet: each gets filter type 0.
Bytes png_data_chunk(const std::vector<Bytes>& rows);
inline constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";

/// A TIFF structure of one directory, little-endian; each tag holds SHORTs (type 3) or LONGs (type 4).
struct TiffTag {
  std::uint16_t tag;
  std::uint16_t type;
  std::vector<std::uint32_t> values;
};
/// `data` begins at offset 8. Tags must be in ascending order.
Bytes tiff(const std::vector<TiffTag>& tags, const Bytes& data = {});

/// An EXIF block that says nothing but the orientation.
Bytes exif_block(int orientation);
/// A JPEG with that block as its APP1 segment.
Bytes with_exif(const Bytes& jpeg, int orientation);

}  // namespace mobileclip::testing
