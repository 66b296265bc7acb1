#include "engine/preprocess/webp_file.h"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>

#include "engine/preprocess/image_decoder.h"
#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip {
namespace {

using testing::Bytes;
using testing::bytes_of;
using testing::concat;
using testing::little_endian;

Bytes chunk(std::string_view type, const Bytes& data) {
  return concat({bytes_of(type), little_endian(data.size(), 4), data, Bytes(data.size() % 2)});
}

Bytes riff(const Bytes& chunks) {
  return concat({bytes_of("RIFF"), little_endian(chunks.size() + 4, 4), bytes_of("WEBP"), chunks});
}

/// The chunks of a lossless still image.
Bytes lossless_chunks(const RgbImage& image) {
  const Bytes webp = testing::encode(image, ".webp", {cv::IMWRITE_WEBP_QUALITY, 101});
  return {webp.begin() + 12, webp.end()};
}

Bytes vp8x(std::uint64_t flags, std::uint64_t width, std::uint64_t height) {
  return chunk("VP8X", concat({little_endian(flags, 4), little_endian(width - 1, 3), little_endian(height - 1, 3)}));
}

TEST(WebpFileTest, StillImageLossless) {
  const RgbImage image = testing::noise_image(19, 11);
  const auto decoded = decode_image(riff(lossless_chunks(image)), ExifOrientation::kIgnore, {});
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(testing::to_rgb_image(*decoded).pixels, image.pixels);
}

TEST(WebpFileTest, SmallestImage) {
  const RgbImage image{1, 1, {9, 99, 199}};
  const auto decoded = decode_image(riff(lossless_chunks(image)), ExifOrientation::kIgnore, {});
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(testing::to_rgb_image(*decoded).pixels, image.pixels);
}

TEST(WebpFileTest, LossySizeIsRead) {
  const auto file = parse_webp(testing::encode(testing::smooth_image(50, 40), ".webp", {cv::IMWRITE_WEBP_QUALITY, 80}));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->width, 50u);
  EXPECT_EQ(file->height, 40u);
}

TEST(WebpFileTest, ExifOfExtendedFile) {
  const Bytes webp =
      riff(concat({vp8x(8, 5, 4), lossless_chunks(testing::noise_image(5, 4)), chunk("EXIF", testing::exif_block(6))}));
  const auto file = parse_webp(webp);
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->orientation, Orientation::kTurnClockwise);
  const auto turned = decode_image(webp, ExifOrientation::kApply, {});
  ASSERT_TRUE(turned.ok());
  EXPECT_EQ(turned->width, 4);
}

TEST(WebpFileTest, FirstFrameOfAnAnimationStandsOnBlack) {
  const RgbImage frame = testing::noise_image(3, 2);
  const auto animation_frame = [&](std::uint64_t x, std::uint64_t y) {
    return chunk("ANMF",
                 concat({little_endian(x / 2, 3), little_endian(y / 2, 3), little_endian(2, 3), little_endian(1, 3),
                         little_endian(100, 3), little_endian(0, 1), lossless_chunks(frame)}));
  };
  const Bytes webp =
      riff(concat({vp8x(2, 8, 6), chunk("ANIM", Bytes(6)), animation_frame(2, 4), animation_frame(0, 0)}));
  const auto decoded = decode_image(webp, ExifOrientation::kIgnore, {});
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  RgbImage expected{8, 6, std::vector<std::uint8_t>(std::size_t{8} * 6 * 3)};
  for (std::ptrdiff_t y = 0; y < 2; ++y) {
    std::copy_n(frame.pixels.begin() + y * 9, 9, expected.pixels.begin() + ((4 + y) * 8 + 2) * 3);
  }
  EXPECT_EQ(testing::to_rgb_image(*decoded).pixels, expected.pixels);
}

TEST(WebpFileTest, DamageIsInvalid) {
  const Bytes image = lossless_chunks(testing::noise_image(5, 4));
  const Bytes outside = chunk("ANMF", concat({little_endian(2, 3), little_endian(0, 3), little_endian(4, 3),
                                              little_endian(3, 3), little_endian(0, 4), image}));
  const std::vector<std::pair<const char*, Bytes>> cases{
      {"no chunk", riff({})},
      {"unknown first chunk", riff(chunk("JUNK", Bytes(4)))},
      {"VP8X without an image", riff(vp8x(0, 5, 4))},
      {"canvas of another size", riff(concat({vp8x(0, 6, 4), image}))},
      {"frame outside the canvas", riff(concat({vp8x(2, 5, 4), outside}))},
      {"frame without an image", riff(concat({vp8x(2, 5, 4), chunk("ANMF", Bytes(16))}))},
      {"no lossless signature", riff(chunk("VP8L", Bytes(20)))},
      {"no key frame", riff(chunk("VP8 ", Bytes(20, std::byte{1})))},
  };
  for (const auto& [what, webp] : cases) {
    const auto file = parse_webp(webp);
    ASSERT_FALSE(file.ok()) << what;
    EXPECT_EQ(file.error().code, ErrorCode::kInvalidImage) << what;
  }
}

}  // namespace
}  // namespace mobileclip
