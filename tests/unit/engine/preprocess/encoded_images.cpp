#include "tests/unit/engine/preprocess/encoded_images.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <random>
#include <stdexcept>

namespace mobileclip::testing {

RgbImage noise_image(int width, int height, std::uint32_t seed) {
  std::mt19937 random(seed);
  RgbImage image{width, height,
                 std::vector<std::uint8_t>(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3)};
  for (auto& value : image.pixels) value = static_cast<std::uint8_t>(random() >> 24);
  return image;
}

RgbImage smooth_image(int width, int height) {
  RgbImage image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.pixels.push_back(static_cast<std::uint8_t>(127 + 100 * std::sin(x / 17.0)));
      image.pixels.push_back(static_cast<std::uint8_t>(127 + 100 * std::cos(y / 23.0)));
      image.pixels.push_back(static_cast<std::uint8_t>(127 + 100 * std::sin((x + y) / 31.0)));
    }
  }
  return image;
}

Bytes encode(const RgbImage& image, std::string_view extension, const std::vector<int>& parameters) {
  cv::Mat bgr(image.height, image.width, CV_8UC3);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const std::size_t at =
          (static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) + static_cast<std::size_t>(x)) * 3;
      bgr.at<cv::Vec3b>(y, x) = {image.pixels[at + 2], image.pixels[at + 1], image.pixels[at]};
    }
  }
  std::vector<std::uint8_t> encoded;
  if (!cv::imencode(std::string(extension), bgr, encoded, parameters)) throw std::runtime_error("imencode failed");
  const auto bytes = std::as_bytes(std::span(encoded));
  return {bytes.begin(), bytes.end()};
}

RgbImage to_rgb_image(const DecodedImage& decoded) {
  RgbImage image{decoded.width, decoded.height, {}};
  for (int y = 0; y < decoded.height; ++y) {
    for (int x = 0; x < decoded.width; ++x) {
      const std::uint8_t* pixel = decoded.row(y) + std::ptrdiff_t{x} * kChannels;
      const bool bgr = decoded.order == ChannelOrder::kBgr;
      image.pixels.insert(image.pixels.end(), {pixel[bgr ? 2 : 0], pixel[1], pixel[bgr ? 0 : 2]});
    }
  }
  return image;
}

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  return bytes_of(text);
}

Bytes concat(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) std::copy(part.begin(), part.end(), std::back_inserter(all));
  return all;
}

Bytes little_endian(std::uint64_t value, int bytes) {
  Bytes out;
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
  return out;
}

Bytes big_endian(std::uint64_t value, int bytes) {
  Bytes out = little_endian(value, bytes);
  std::reverse(out.begin(), out.end());
  return out;
}

Bytes png_chunk(std::string_view type, const Bytes& data) {
  const Bytes checked = concat({bytes_of(type), data});
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(checked.data()), checked.size());
  return concat({big_endian(data.size(), 4), checked, big_endian(crc, 4)});
}

Bytes png_header_chunk(const PngHeader& header) {
  return png_chunk("IHDR", concat({big_endian(header.width, 4), big_endian(header.height, 4),
                                   big_endian(static_cast<std::uint64_t>(header.bit_depth), 1),
                                   big_endian(static_cast<std::uint64_t>(header.color_type), 1), big_endian(0, 3)}));
}

Bytes png_data_chunk(const std::vector<Bytes>& rows) {
  Bytes raw;
  for (const Bytes& row : rows) {
    raw.push_back(std::byte{0});
    std::copy(row.begin(), row.end(), std::back_inserter(raw));
  }
  uLongf size = compressBound(raw.size());
  Bytes compressed(size);
  compress(reinterpret_cast<Bytef*>(compressed.data()), &size, reinterpret_cast<const Bytef*>(raw.data()), raw.size());
  compressed.resize(size);
  return png_chunk("IDAT", compressed);
}

Bytes tiff(const std::vector<TiffTag>& tags, const Bytes& data) {
  const std::size_t directory = 8 + data.size() + data.size() % 2;
  std::size_t overflow_at = directory + 2 + 12 * tags.size() + 4;
  Bytes entries;
  Bytes overflow;
  for (const TiffTag& tag : tags) {
    const int size = tag.type == 3 ? 2 : 4;
    Bytes values;
    for (const std::uint32_t value : tag.values) {
      const Bytes encoded = little_endian(value, size);
      std::copy(encoded.begin(), encoded.end(), std::back_inserter(values));
    }
    Bytes field = values;
    if (values.size() > 4) {
      field = little_endian(overflow_at + overflow.size(), 4);
      std::copy(values.begin(), values.end(), std::back_inserter(overflow));
    }
    field.resize(4);
    entries = concat(
        {entries, little_endian(tag.tag, 2), little_endian(tag.type, 2), little_endian(tag.values.size(), 4), field});
  }
  return concat({bytes_of("II"), little_endian(42, 2), little_endian(directory, 4), data, Bytes(data.size() % 2),
                 little_endian(tags.size(), 2), entries, little_endian(0, 4), overflow});
}

Bytes exif_block(int orientation) {
  return concat(
      {bytes_of(std::string_view("Exif\0\0", 6)), tiff({{274, 3, {static_cast<std::uint32_t>(orientation)}}})});
}

Bytes with_exif(const Bytes& jpeg, int orientation) {
  const Bytes block = exif_block(orientation);
  const Bytes start(jpeg.begin(), jpeg.begin() + 2);
  const Bytes rest(jpeg.begin() + 2, jpeg.end());
  return concat({start, bytes_of("\xFF\xE1"), big_endian(block.size() + 2, 2), block, rest});
}

}  // namespace mobileclip::testing
