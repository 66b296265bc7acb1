#include "engine/preprocess/bmp_decoder.h"

#include <gtest/gtest.h>

#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip {
namespace {

using testing::Bytes;
using testing::bytes_of;
using testing::concat;
using testing::little_endian;
using Pixels = std::vector<std::uint8_t>;

Bytes bytes(std::initializer_list<int> values) {
  Bytes out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

struct Bmp {
  int width;
  int height;  ///< negative: top-down
  int bits;
  int compression = 0;
  Bytes masks_and_palette = {};
  int colors = 0;
};

Bytes bmp(const Bmp& b, const Bytes& pixels) {
  const std::size_t offset = 14 + 40 + b.masks_and_palette.size();
  return concat({bytes_of("BM"), little_endian(offset + pixels.size(), 4), little_endian(0, 4),
                 little_endian(offset, 4), little_endian(40, 4), little_endian(static_cast<std::uint32_t>(b.width), 4),
                 little_endian(static_cast<std::uint32_t>(b.height), 4), little_endian(1, 2),
                 little_endian(static_cast<std::uint64_t>(b.bits), 2),
                 little_endian(static_cast<std::uint64_t>(b.compression), 4), Bytes(12),
                 little_endian(static_cast<std::uint64_t>(b.colors), 4), little_endian(0, 4), b.masks_and_palette,
                 pixels});
}

Result<DecodedImage> decode(const Bytes& encoded) {
  const auto file = parse_bmp(encoded);
  if (!file) return file.error();
  return decode_bmp(*file);
}

Pixels pixels_of(const Bytes& encoded) {
  const auto image = decode(encoded);
  EXPECT_TRUE(image.ok()) << (image.ok() ? "" : image.error().message);
  return image.ok() ? testing::to_rgb_image(*image).pixels : Pixels{};
}

Bytes masks(std::uint32_t red, std::uint32_t green, std::uint32_t blue) {
  return concat({little_endian(red, 4), little_endian(green, 4), little_endian(blue, 4)});
}

TEST(BmpDecoderTest, EqualsOpenCvsEncoder) {
  const RgbImage image = testing::noise_image(7, 5);
  EXPECT_EQ(pixels_of(testing::encode(image, ".bmp")), image.pixels);
}

TEST(BmpDecoderTest, RowsRunUpwardsUnlessHeightIsNegative) {
  const Bytes rows = bytes({1, 2, 3, 0, 4, 5, 6, 0});
  EXPECT_EQ(pixels_of(bmp({1, 2, 24}, rows)), (Pixels{6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(pixels_of(bmp({1, -2, 24}, rows)), (Pixels{3, 2, 1, 6, 5, 4}));
}

TEST(BmpDecoderTest, FiveAndSixBitsSpreadOverTheWholeRange) {
  // Pillow's "BGR;15" and "BGR;16": v * 255 / 31 and v * 255 / 63, rounded down.
  EXPECT_EQ(pixels_of(bmp({2, 1, 16}, concat({little_endian(0x7FFF, 2), little_endian(1 << 10 | 2 << 5 | 3, 2)}))),
            (Pixels{255, 255, 255, 8, 16, 24}));
  EXPECT_EQ(pixels_of(bmp({2, 1, 16, 3, masks(0xF800, 0x7E0, 0x1F)},
                          concat({little_endian(0xFFFF, 2), little_endian(1 << 5, 2)}))),
            (Pixels{255, 255, 255, 0, 4, 0}));
}

TEST(BmpDecoderTest, ThirtyTwoBitsByTheirMasks) {
  const Bytes pixel = bytes({0x11, 0x22, 0x33, 0x44});
  EXPECT_EQ(pixels_of(bmp({1, 1, 32}, pixel)), (Pixels{0x33, 0x22, 0x11}));
  EXPECT_EQ(pixels_of(bmp({1, 1, 32, 3, masks(0xFF000000, 0xFF0000, 0xFF00)}, pixel)), (Pixels{0x44, 0x33, 0x22}));
  EXPECT_EQ(pixels_of(bmp({1, 1, 32, 3, masks(0, 0, 0)}, pixel)), (Pixels{0x33, 0x22, 0x11}));
  EXPECT_EQ(pixels_of(bmp({1, 1, 32, 3, masks(0xFFFFFFFF, 0, 0x3FF)}, pixel)), (Pixels{0x44, 0, 0x84}));
}

TEST(BmpDecoderTest, PalettesOfEveryDepth) {
  const Bytes palette = bytes({30, 20, 10, 0, 60, 50, 40, 0});  // BGRx
  const Pixels expected{40, 50, 60, 10, 20, 30};
  EXPECT_EQ(pixels_of(bmp({2, 1, 1, 0, palette, 2}, bytes({0b10000000, 0, 0, 0}))), expected);
  EXPECT_EQ(pixels_of(bmp({2, 1, 4, 0, palette, 2}, bytes({0x10, 0, 0, 0}))), expected);
  EXPECT_EQ(pixels_of(bmp({2, 1, 8, 0, palette, 2}, bytes({1, 0, 0, 0}))), expected);
  EXPECT_EQ(pixels_of(bmp({2, 1, 8, 0, palette, 2}, bytes({77, 0, 0, 0}))), (Pixels{77, 77, 77, 10, 20, 30}));
}

TEST(BmpDecoderTest, Os2HeaderWithThreeBytePalette) {
  const Bytes file = concat({bytes_of("BM"), little_endian(0, 8), little_endian(14 + 12 + 6, 4), little_endian(12, 4),
                             little_endian(2, 2), little_endian(1, 2), little_endian(1, 2), little_endian(1, 2),
                             bytes({30, 20, 10, 60, 50, 40}), bytes({0b01000000, 0, 0, 0})});
  EXPECT_EQ(pixels_of(file), (Pixels{10, 20, 30, 40, 50, 60}));
}

TEST(BmpDecoderTest, RunLengths) {
  const Bytes palette = bytes({0, 0, 0, 0, 1, 1, 1, 0, 2, 2, 2, 0});
  const auto greys = [](std::initializer_list<int> values) {
    Pixels out;
    for (const int value : values) out.insert(out.end(), 3, static_cast<std::uint8_t>(value));
    return out;
  };
  // 2 x [1], three literals and their padding; next row: move right 3, [2]; end.
  EXPECT_EQ(pixels_of(bmp({5, -2, 8, 1, palette, 3}, bytes({2, 1, 0, 3, 2, 1, 2, 0, 0, 0, 0, 2, 3, 0, 1, 2, 0, 1}))),
            greys({1, 1, 2, 1, 2, 0, 0, 0, 2, 0}));
  // Nibbles: a run of three alternating, three literals in two bytes.
  EXPECT_EQ(pixels_of(bmp({6, 1, 4, 2, palette, 3}, bytes({3, 0x12, 0, 3, 0x21, 0x20, 0, 1}))),
            greys({1, 2, 1, 2, 1, 2}));
  // A run beyond the row's end is cut.
  EXPECT_EQ(pixels_of(bmp({2, -2, 8, 1, palette, 3}, bytes({200, 1, 0, 0, 2, 2, 0, 1}))), greys({1, 1, 2, 2}));
}

TEST(BmpDecoderTest, RefusalsAreNamed) {
  struct Case {
    const char* message;
    ErrorCode code;
    Bytes file;
  };
  Bytes unknown_header = bmp({1, 1, 24}, Bytes(4));
  unknown_header[14] = std::byte{41};
  const std::vector<Case> cases{
      {"truncated in its pixels", ErrorCode::kInvalidImage, bmp({2, 2, 24}, Bytes(8))},
      {"truncated in its pixels", ErrorCode::kInvalidImage, bmp({9, 9, 8, 1, Bytes(4), 1}, bytes({1, 0}))},
      {"truncated in its file header", ErrorCode::kInvalidImage, bytes_of("BM")},
      {"begin beyond the end", ErrorCode::kInvalidImage, bmp({1, 1, 24}, {})},
      {"width is negative", ErrorCode::kInvalidImage, bmp({-1, 1, 24}, Bytes(4))},
      {"41 bytes", ErrorCode::kUnsupportedImage, unknown_header},
      {"2 bits a pixel", ErrorCode::kUnsupportedImage, bmp({1, 1, 2}, Bytes(4))},
      {"compression 4", ErrorCode::kUnsupportedImage, bmp({1, 1, 24, 4}, Bytes(4))},
      {"mask has gaps", ErrorCode::kUnsupportedImage, bmp({1, 1, 32, 3, masks(0xF0F0, 0, 0)}, Bytes(4))},
  };
  for (const Case& c : cases) {
    const auto image = decode(c.file);
    ASSERT_FALSE(image.ok()) << c.message;
    EXPECT_EQ(image.error().code, c.code);
    EXPECT_NE(image.error().message.find(c.message), std::string::npos) << image.error().message;
  }
}

}  // namespace
}  // namespace mobileclip
