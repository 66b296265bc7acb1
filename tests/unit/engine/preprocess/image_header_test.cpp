#include "engine/preprocess/image_header.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip {
namespace {

using namespace std::string_view_literals;
using testing::Bytes;
using testing::bytes_of;
using testing::encode;

TEST(SniffImageFormatTest, AcceptsFiveFormatsOnly) {
  EXPECT_EQ(sniff_image_format(bytes_of("\xFF\xD8\xFF\xE0")), ImageFormat::kJpeg);
  EXPECT_EQ(sniff_image_format(bytes_of("\x89PNG\r\n\x1a\n")), ImageFormat::kPng);
  EXPECT_EQ(sniff_image_format(bytes_of("RIFF\x10\x10\x10\x10WEBPVP8 ")), ImageFormat::kWebp);
  EXPECT_EQ(sniff_image_format(bytes_of("BM")), ImageFormat::kBmp);
  EXPECT_EQ(sniff_image_format(bytes_of("II*\0"sv)), ImageFormat::kTiff);
  EXPECT_EQ(sniff_image_format(bytes_of("MM\0*"sv)), ImageFormat::kTiff);
  EXPECT_EQ(sniff_image_format(bytes_of("II+\0"sv)), ImageFormat::kTiff);
  EXPECT_EQ(sniff_image_format(bytes_of("MM\0+"sv)), ImageFormat::kTiff);
}

TEST(SniffImageFormatTest, NothingElseReachesACodec) {
  std::string dicom(132, '\0');
  dicom.replace(128, 4, "DICM");
  const std::string_view others[] = {""sv,
                                     "\xFF\xD8"sv,
                                     "\x89PNG"sv,
                                     "GIF89a"sv,
                                     "P6\n1 1\n255\nabc"sv,
                                     "#?RADIANCE\n"sv,
                                     "NITF02.10"sv,
                                     "DDS "sv,
                                     "\x76\x2f\x31\x01"sv,
                                     "\0\0\0\x0CjP  \r\n\x87\n"sv,
                                     "\xFF\x4F\xFF\x51"sv,
                                     "\x59\xA6\x6A\x95"sv,
                                     "RIFF\x10\0\0\0AVI "sv,
                                     "RIFF\x10\0\0\0"sv,
                                     "\0\0\1\0"sv,
                                     "8BPS"sv,
                                     "<svg xmlns="sv,
                                     "\0\0\0\x1C"
                                     "ftypavif"sv,
                                     "II\0*"sv,
                                     "%PDF-1.7"sv,
                                     dicom};
  for (const auto& other : others) {
    EXPECT_EQ(sniff_image_format(bytes_of(other)), std::nullopt) << other.substr(0, 8);
    const auto info = read_image_info(bytes_of(other));
    ASSERT_FALSE(info.ok());
    EXPECT_EQ(info.error().code, ErrorCode::kUnsupportedImage);
  }
}

TEST(ReadImageInfoTest, EveryFormat) {
  const RgbImage image = testing::noise_image(31, 17);
  const std::pair<const char*, ImageFormat> formats[] = {{".jpg", ImageFormat::kJpeg},
                                                         {".png", ImageFormat::kPng},
                                                         {".webp", ImageFormat::kWebp},
                                                         {".bmp", ImageFormat::kBmp},
                                                         {".tiff", ImageFormat::kTiff}};
  for (const auto& [extension, format] : formats) {
    const auto info = read_image_info(encode(image, extension));
    ASSERT_TRUE(info.ok()) << extension << ": " << info.error().message;
    EXPECT_EQ(info->format, format);
    EXPECT_EQ(info->width, 31) << extension;
    EXPECT_EQ(info->height, 17) << extension;
  }
}

TEST(ReadImageInfoTest, SizesOfNothingAndOfTooMuch) {
  const auto png = [](std::uint32_t width, std::uint32_t height) {
    return testing::concat({bytes_of(testing::kPngSignature), testing::png_header_chunk({width, height, 8, 2})});
  };
  EXPECT_EQ(read_image_info(png(2147483647, 1))->width, 2147483647);
  EXPECT_EQ(read_image_info(png(0, 10)).error().code, ErrorCode::kInvalidImage);
  EXPECT_EQ(read_image_info(png(10, 0)).error().code, ErrorCode::kInvalidImage);
  EXPECT_EQ(read_image_info(png(0x80000000, 1)).error().code, ErrorCode::kImageTooLarge);
}

TEST(CheckSizeTest, NamesNumbersAndLimits) {
  const ImageLimits limits{.max_pixels = 100, .max_side = 50};
  EXPECT_EQ(check_size(10, 10, limits), std::nullopt);
  EXPECT_EQ(check_size(50, 2, limits), std::nullopt);
  const auto side = check_size(51, 1, limits);
  ASSERT_TRUE(side);
  EXPECT_EQ(side->code, ErrorCode::kImageTooLarge);
  EXPECT_EQ(side->message, "image is 51x1 pixels; the longest side accepted is 50");
  const auto pixels = check_size(11, 10, limits);
  ASSERT_TRUE(pixels);
  EXPECT_EQ(pixels->code, ErrorCode::kImageTooLarge);
  EXPECT_EQ(pixels->message, "image is 11x10 = 110 pixels; at most 100 are accepted");
  EXPECT_EQ(check_size(0, 5, limits)->code, ErrorCode::kInvalidImage);
}

TEST(CheckSizeTest, LimitsBeyondTheCodecsAreCut) {
  const ImageLimits none{.max_pixels = std::numeric_limits<std::uint64_t>::max(),
                         .max_side = std::numeric_limits<int>::max()};
  EXPECT_EQ(check_size(1'000'000, 1000, none), std::nullopt);
  EXPECT_EQ(check_size(1'000'001, 1, none)->code, ErrorCode::kImageTooLarge);
  EXPECT_EQ(check_size(40'000, 40'000, none)->code, ErrorCode::kImageTooLarge);
  EXPECT_EQ(check_size(4294967295, 4294967295, none)->code, ErrorCode::kImageTooLarge);
}

}  // namespace
}  // namespace mobileclip
