#include "engine/preprocess/tiff_decoder.h"

#include <gtest/gtest.h>

#include "engine/preprocess/image_decoder.h"
#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip {
namespace {

using testing::Bytes;
using testing::tiff;
using testing::TiffTag;
using Pixels = std::vector<std::uint8_t>;

Bytes bytes(std::initializer_list<int> values) {
  Bytes out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

struct Layout {
  std::uint32_t width;
  std::uint32_t height;
  std::uint32_t bits;
  std::uint32_t photometric;
  std::uint32_t samples;
  std::vector<TiffTag> more;  ///< tags above 279, in ascending order
  std::uint32_t compression = 1;
  std::uint32_t orientation = 1;
};

/// One uncompressed strip.
Bytes one_strip(const Layout& layout, const Bytes& data) {
  std::vector<TiffTag> tags{{256, 3, {layout.width}},
                            {257, 3, {layout.height}},
                            {258, 3, std::vector<std::uint32_t>(layout.samples, layout.bits)},
                            {259, 3, {layout.compression}},
                            {262, 3, {layout.photometric}},
                            {273, 4, {8}},
                            {274, 3, {layout.orientation}},
                            {277, 3, {layout.samples}},
                            {278, 3, {layout.height}},
                            {279, 4, {static_cast<std::uint32_t>(data.size())}}};
  tags.insert(tags.end(), layout.more.begin(), layout.more.end());
  return tiff(tags, data);
}

Pixels pixels_of(const Bytes& encoded) {
  const auto image = decode_image(encoded, ExifOrientation::kIgnore, {});
  EXPECT_TRUE(image.ok()) << (image.ok() ? "" : image.error().message);
  return image.ok() ? testing::to_rgb_image(*image).pixels : Pixels{};
}

constexpr std::uint32_t kWhiteIsZero = 0;
constexpr std::uint32_t kBlackIsZero = 1;
constexpr std::uint32_t kRgb = 2;
constexpr std::uint32_t kPalette = 3;
constexpr std::uint32_t kCmyk = 5;

TEST(TiffDecoderTest, GreyOfEveryDepthAndBothSenses) {
  EXPECT_EQ(pixels_of(one_strip({2, 1, 1, kBlackIsZero, 1, {}}, bytes({0b01000000}))),
            (Pixels{0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(pixels_of(one_strip({2, 1, 1, kWhiteIsZero, 1, {}}, bytes({0b01000000}))),
            (Pixels{255, 255, 255, 0, 0, 0}));
  EXPECT_EQ(pixels_of(one_strip({2, 1, 2, kBlackIsZero, 1, {}}, bytes({0b01100000}))),
            (Pixels{85, 85, 85, 170, 170, 170}));
  EXPECT_EQ(pixels_of(one_strip({2, 1, 4, kWhiteIsZero, 1, {}}, bytes({0x1F}))), (Pixels{238, 238, 238, 0, 0, 0}));
  EXPECT_EQ(pixels_of(one_strip({2, 1, 8, kBlackIsZero, 1, {}}, bytes({3, 4}))), (Pixels{3, 3, 3, 4, 4, 4}));
  EXPECT_EQ(pixels_of(one_strip({2, 1, 12, kBlackIsZero, 1, {}}, bytes({0x12, 0x3F, 0xFF}))),
            (Pixels{18, 18, 18, 255, 255, 255}));
  EXPECT_EQ(pixels_of(one_strip({2, 1, 16, kBlackIsZero, 1, {}}, bytes({0xFF, 0x12, 0x00, 0x34}))),
            (Pixels{18, 18, 18, 52, 52, 52}));
}

TEST(TiffDecoderTest, PaletteTakesTheHighByteOfItsColours) {
  const std::vector<std::uint32_t> map{0x1234, 0xFFFF, 0, 0, 0x5678, 0xFF00, 0, 0, 0x9ABC, 0x00FF, 0, 0};
  EXPECT_EQ(pixels_of(one_strip({2, 1, 2, kPalette, 1, {{320, 3, map}}}, bytes({0b00010000}))),
            (Pixels{0x12, 0x56, 0x9A, 0xFF, 0xFF, 0x00}));
}

TEST(TiffDecoderTest, AlphaIsDroppedOrDividedOut) {
  const Bytes data = bytes({10, 20, 30, 40, 10, 20, 30, 0});
  const auto with_extra = [&](std::uint32_t kind) {
    return pixels_of(one_strip({2, 1, 8, kRgb, 4, {{338, 3, {kind}}}}, data));
  };
  const Pixels dropped{10, 20, 30, 10, 20, 30};
  EXPECT_EQ(with_extra(0), dropped);
  EXPECT_EQ(with_extra(2), dropped);
  EXPECT_EQ(with_extra(1), (Pixels{63, 127, 191, 0, 0, 0}));  // associated: 255 * v / alpha
}

TEST(TiffDecoderTest, CmykAsPillow) {
  EXPECT_EQ(pixels_of(one_strip({2, 1, 8, kCmyk, 4, {}}, bytes({0, 0, 0, 0, 255, 128, 0, 55}))),
            (Pixels{255, 255, 255, 0, 100, 200}));
}

TEST(TiffDecoderTest, PlanesComeTogether) {
  const Bytes data = bytes({1, 2, 11, 12, 21, 22});
  const Bytes encoded = tiff({{256, 3, {2}},
                              {257, 3, {1}},
                              {258, 3, {8, 8, 8}},
                              {259, 3, {1}},
                              {262, 3, {kRgb}},
                              {273, 4, {8, 10, 12}},
                              {277, 3, {3}},
                              {278, 3, {1}},
                              {279, 4, {2, 2, 2}},
                              {284, 3, {2}}},
                             data);
  EXPECT_EQ(pixels_of(encoded), (Pixels{1, 11, 21, 2, 12, 22}));
}

TEST(TiffDecoderTest, TilesAreCutAtTheEdges) {
  // 20x17 in tiles of 16x16, each tile of one grey.
  Bytes data;
  for (int tile = 0; tile < 4; ++tile) data.insert(data.end(), 256, static_cast<std::byte>(10 * (tile + 1)));
  const Bytes encoded = tiff({{256, 3, {20}},
                              {257, 3, {17}},
                              {258, 3, {8}},
                              {259, 3, {1}},
                              {262, 3, {kBlackIsZero}},
                              {277, 3, {1}},
                              {322, 3, {16}},
                              {323, 3, {16}},
                              {324, 4, {8, 264, 520, 776}},
                              {325, 4, {256, 256, 256, 256}}},
                             data);
  const Pixels pixels = pixels_of(encoded);
  ASSERT_EQ(pixels.size(), 20u * 17 * 3);
  const auto at = [&](std::size_t x, std::size_t y) { return pixels[(y * 20 + x) * 3]; };
  EXPECT_EQ(at(15, 15), 10);
  EXPECT_EQ(at(16, 15), 20);
  EXPECT_EQ(at(15, 16), 30);
  EXPECT_EQ(at(19, 16), 40);
}

TEST(TiffDecoderTest, OrientationIsAlwaysApplied) {
  Layout layout{2, 1, 8, kBlackIsZero, 1, {}};
  layout.orientation = 6;
  const auto image = decode_image(one_strip(layout, bytes({3, 4})), ExifOrientation::kIgnore, {});
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->width, 1);
  EXPECT_EQ(image->height, 2);
  EXPECT_EQ(testing::to_rgb_image(*image).pixels, (Pixels{3, 3, 3, 4, 4, 4}));
}

TEST(TiffDecoderTest, RefusalsAreNamed) {
  struct Case {
    const char* message;
    ErrorCode code;
    Bytes file;
  };
  Layout jbig{1, 1, 8, kBlackIsZero, 1, {}};
  jbig.compression = 34661;  // JBIG
  const std::vector<Case> cases{
      {"no image directory", ErrorCode::kInvalidImage, testing::bytes_of(std::string_view("II*\0\xFF\0\0\0", 8))},
      {"no ImageWidth", ErrorCode::kInvalidImage, tiff({{257, 3, {1}}})},
      {"32 bits a sample", ErrorCode::kUnsupportedImage, one_strip({1, 1, 32, kBlackIsZero, 1, {}}, Bytes(4))},
      {"sample format 2", ErrorCode::kUnsupportedImage,
       one_strip({1, 1, 16, kBlackIsZero, 1, {{339, 3, {2}}}}, Bytes(2))},
      {"interpretation 8", ErrorCode::kUnsupportedImage, one_strip({1, 1, 8, 8, 3, {}}, Bytes(3))},
      {"compression 34661", ErrorCode::kUnsupportedImage, one_strip(jbig, Bytes(1))},
      {"2 samples a pixel, expected 3", ErrorCode::kInvalidImage, one_strip({1, 1, 8, kRgb, 2, {}}, Bytes(2))},
      {"Read error", ErrorCode::kInvalidImage, one_strip({50, 50, 8, kBlackIsZero, 1, {}}, Bytes(100))},
      {"empty: 0x1", ErrorCode::kInvalidImage, one_strip({0, 1, 8, kBlackIsZero, 1, {}}, Bytes(1))},
  };
  for (const Case& c : cases) {
    const auto image = decode_image(c.file, ExifOrientation::kIgnore, {});
    ASSERT_FALSE(image.ok()) << c.message;
    EXPECT_EQ(image.error().code, c.code) << image.error().message;
    EXPECT_NE(image.error().message.find(c.message), std::string::npos) << image.error().message;
  }
}

TEST(TiffDecoderTest, EveryTruncationIsAnError) {
  const Bytes whole = one_strip({16, 16, 8, kRgb, 3, {}}, Bytes(std::size_t{16} * 16 * 3, std::byte{77}));
  // The last four bytes say that there is no next directory; before them lie BitsPerSample's values.
  for (std::size_t size = 0; size + 12 < whole.size(); ++size) {
    EXPECT_FALSE(decode_image(std::span(whole).first(size), ExifOrientation::kIgnore, {}).ok()) << size;
  }
}

}  // namespace
}  // namespace mobileclip
