#include "engine/preprocess/jpeg_file.h"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>

#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip {
namespace {

using testing::Bytes;
using testing::bytes_of;
using testing::encode;

TEST(JpegFileTest, BaselineHasOneScan) {
  const auto file = parse_jpeg(encode(testing::noise_image(33, 21), ".jpg"));
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->width, 33u);
  EXPECT_EQ(file->height, 21u);
  EXPECT_EQ(file->scans, 1);
  EXPECT_TRUE(file->complete);
  EXPECT_EQ(file->orientation, Orientation::kUpright);
}

TEST(JpegFileTest, ProgressiveHasSeveral) {
  const auto file = parse_jpeg(encode(testing::noise_image(33, 21), ".jpg", {cv::IMWRITE_JPEG_PROGRESSIVE, 1}));
  ASSERT_TRUE(file.ok());
  EXPECT_GT(file->scans, 3);
  EXPECT_LT(file->scans, 20);
}

TEST(JpegFileTest, ReadsExifOrientation) {
  const Bytes jpeg = encode(testing::noise_image(8, 8), ".jpg");
  for (int tag = 1; tag <= 8; ++tag) {
    const auto file = parse_jpeg(testing::with_exif(jpeg, tag));
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(static_cast<int>(file->orientation), tag);
  }
}

TEST(JpegFileTest, EveryTruncationIsIncompleteOrInvalid) {
  const Bytes jpeg = encode(testing::noise_image(16, 16), ".jpg");
  for (std::size_t size = 0; size < jpeg.size(); ++size) {
    const auto file = parse_jpeg(std::span(jpeg).first(size));
    EXPECT_FALSE(file.ok() && file->complete) << size;
  }
  ASSERT_TRUE(parse_jpeg(jpeg)->complete);
}

TEST(JpegFileTest, SegmentsHideTheirMarkers) {
  // An end-of-image marker and a frame header inside a comment are neither.
  const Bytes jpeg = encode(testing::noise_image(16, 16), ".jpg");
  const Bytes comment =
      bytes_of(std::string_view("\xFF\xFE\x00\x0E\xFF\xD9\xFF\xC0\x00\x08\x08\x00\x01\x00\x01\x01", 16));
  const Bytes start(jpeg.begin(), jpeg.begin() + 2);
  const Bytes rest(jpeg.begin() + 2, jpeg.end());
  const auto file = parse_jpeg(testing::concat({start, comment, rest}));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->width, 16u);
  EXPECT_EQ(file->scans, 1);
}

TEST(JpegFileTest, NoFrameHeaderIsInvalid) {
  const auto file = parse_jpeg(bytes_of("\xFF\xD8\xFF\xD9"));
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, ErrorCode::kInvalidImage);
}

}  // namespace
}  // namespace mobileclip
