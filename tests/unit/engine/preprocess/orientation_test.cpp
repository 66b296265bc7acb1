#include "engine/preprocess/orientation.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip {
namespace {

using testing::bytes_of;
using testing::exif_block;
using testing::tiff;

/// Pixels named by letters: "abc/def" is two rows of three.
DecodedImage letters(const std::string& rows) {
  const auto width = rows.find('/');
  PixelBuffer image(static_cast<int>(width), static_cast<int>((rows.size() + 1) / (width + 1)));
  for (int y = 0; y < image.height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      std::fill_n(image.row(y) + 3 * x, 3,
                  static_cast<std::uint8_t>(rows[static_cast<std::size_t>(y) * (width + 1) + x]));
    }
  }
  return std::move(image).finish(ChannelOrder::kRgb);
}

std::string to_letters(const DecodedImage& image) {
  std::string rows;
  for (int y = 0; y < image.height; ++y) {
    if (y > 0) rows += '/';
    for (int x = 0; x < image.width; ++x) rows += static_cast<char>(image.row(y)[std::ptrdiff_t{3} * x]);
  }
  return rows;
}

TEST(OrientationTest, TurnsAllEightWays) {
  // EXIF 2.32, figure of the Orientation tag; the same as Pillow's ImageOps.exif_transpose.
  const std::array<std::string, 8> expected{"abc/def",  "cba/fed",  "fed/cba",  "def/abc",
                                            "ad/be/cf", "da/eb/fc", "fc/eb/da", "cf/be/ad"};
  for (int tag = 1; tag <= 8; ++tag) {
    EXPECT_EQ(to_letters(apply_orientation(letters("abc/def"), static_cast<Orientation>(tag))),
              expected[static_cast<std::size_t>(tag - 1)])
        << "orientation " << tag;
  }
}

TEST(OrientationTest, TurnsImagesOfManySquares) {
  const RgbImage noise = testing::noise_image(70, 45);
  PixelBuffer buffer(70, 45);
  std::copy(noise.pixels.begin(), noise.pixels.end(), buffer.row(0));
  const DecodedImage image = std::move(buffer).finish(ChannelOrder::kRgb);
  const DecodedImage clockwise = apply_orientation(image, Orientation::kTurnClockwise);
  const DecodedImage back = apply_orientation(clockwise, Orientation::kTurnCounterclockwise);
  EXPECT_EQ(clockwise.width, 45);
  EXPECT_EQ(clockwise.height, 70);
  EXPECT_EQ(testing::to_rgb_image(back).pixels, noise.pixels);
  EXPECT_NE(testing::to_rgb_image(clockwise).pixels, noise.pixels);
}

TEST(ExifOrientationTest, ReadsTheTagWithAndWithoutPrefix) {
  EXPECT_EQ(exif_orientation(exif_block(6)), Orientation::kTurnClockwise);
  EXPECT_EQ(exif_orientation(tiff({{274, 3, {8}}})), Orientation::kTurnCounterclockwise);
  EXPECT_EQ(exif_orientation(tiff({{274, 4, {3}}})), Orientation::kUpsideDown);
}

TEST(ExifOrientationTest, BigEndian) {
  using testing::big_endian;
  const auto block =
      testing::concat({bytes_of("MM"), big_endian(42, 2), big_endian(8, 4), big_endian(1, 2), big_endian(274, 2),
                       big_endian(3, 2), big_endian(1, 4), big_endian(5, 2), big_endian(0, 2), big_endian(0, 4)});
  EXPECT_EQ(exif_orientation(block), Orientation::kTransposed);
}

TEST(ExifOrientationTest, DamageMeansUpright) {
  EXPECT_EQ(exif_orientation({}), Orientation::kUpright);
  EXPECT_EQ(exif_orientation(bytes_of("Exif")), Orientation::kUpright);
  EXPECT_EQ(exif_orientation(exif_block(0)), Orientation::kUpright);
  EXPECT_EQ(exif_orientation(exif_block(9)), Orientation::kUpright);
  EXPECT_EQ(exif_orientation(tiff({{274, 2, {6}}})), Orientation::kUpright);  // an ASCII orientation
  auto beyond = tiff({{274, 3, {6}}});
  beyond[4] = std::byte{0xFF};  // the directory's offset
  EXPECT_EQ(exif_orientation(beyond), Orientation::kUpright);
  const auto whole = exif_block(6);
  for (std::size_t size = 0; size + 4 < whole.size(); ++size) {  // the last four bytes are the next directory's offset
    EXPECT_EQ(exif_orientation(std::span(whole).first(size)), Orientation::kUpright) << size;
  }
}

}  // namespace
}  // namespace mobileclip
