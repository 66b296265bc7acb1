#include "engine/preprocess/image_preprocessor.h"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>
#include <string>
#include <thread>

#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip {
namespace {

using testing::Bytes;
using testing::encode;
using testing::noise_image;

constexpr PreprocessConfig kSmall{.image_size = 32};

TEST(PreprocessImageTest, LosslessFormatsGiveTheSamePixels) {
  const RgbImage image = noise_image(61, 47);
  const RgbImage expected = resize_and_crop(image, kSmall);
  for (const char* extension : {".png", ".bmp", ".tiff"}) {
    const auto result = preprocess_image(encode(image, extension), kSmall, {});
    ASSERT_TRUE(result.ok()) << extension << ": " << result.error().message;
    EXPECT_EQ(result->width, 32);
    EXPECT_EQ(result->height, 32);
    EXPECT_EQ(result->pixels, expected.pixels) << extension;
  }
  const auto webp = preprocess_image(encode(image, ".webp", {cv::IMWRITE_WEBP_QUALITY, 101}), kSmall, {});
  ASSERT_TRUE(webp.ok());
  EXPECT_EQ(webp->pixels, expected.pixels);
}

TEST(PreprocessImageTest, JpegComesOutAsItLooks) {
  const RgbImage image = testing::smooth_image(64, 64);
  const PreprocessConfig config{.image_size = 64};
  for (const int progressive : {0, 1}) {
    const auto result = preprocess_image(
        encode(image, ".jpg", {cv::IMWRITE_JPEG_QUALITY, 98, cv::IMWRITE_JPEG_PROGRESSIVE, progressive}), config, {});
    ASSERT_TRUE(result.ok());
    for (std::size_t i = 0; i < image.pixels.size(); ++i) ASSERT_NEAR(result->pixels[i], image.pixels[i], 8) << i;
  }
}

TEST(PreprocessImageTest, ExifIsIgnoredUnlessApplied) {
  const Bytes jpeg = encode(testing::smooth_image(48, 32), ".jpg");
  const auto plain = preprocess_image(jpeg, kSmall, {});
  const Bytes turned = testing::with_exif(jpeg, 6);
  const auto ignored = preprocess_image(turned, kSmall, {});
  ASSERT_TRUE(plain.ok() && ignored.ok());
  EXPECT_EQ(ignored->pixels, plain->pixels);

  PreprocessConfig apply = kSmall;
  apply.exif = ExifOrientation::kApply;
  const auto applied = preprocess_image(turned, apply, {});
  ASSERT_TRUE(applied.ok());
  // 48x32 needs no resampling of its height at 32, so that the crop is a plain turn of the stored one's transposition.
  const auto upright = preprocess_image(testing::with_exif(jpeg, 1), apply, {});
  ASSERT_TRUE(upright.ok());
  EXPECT_EQ(upright->pixels, plain->pixels);
  for (std::size_t y = 0; y < 32; ++y) {
    for (std::size_t x = 0; x < 32; ++x) {
      ASSERT_EQ(applied->pixels[(y * 32 + x) * 3], plain->pixels[((31 - x) * 32 + y) * 3]) << x << "," << y;
    }
  }
}

/// The largest and the mean difference of a sample.
std::pair<int, double> difference(const RgbImage& a, const RgbImage& b) {
  int largest = 0;
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    const int apart = std::abs(a.pixels[i] - b.pixels[i]);
    largest = std::max(largest, apart);
    sum += apart;
  }
  return {largest, sum / static_cast<double>(a.pixels.size())};
}

TEST(PreprocessImageTest, FastDecodingLooksTheSameAndStandsInTheSamePlace) {
  // Sides that shrink to a fraction of a pixel, where a wrong geometry would show as a shift.
  for (const auto& [width, height] : {std::pair(333, 257), {257, 333}, {301, 299}, {64, 64}, {65, 1000}}) {
    for (int turn = 1; turn <= 8; ++turn) {
      const Bytes jpeg = testing::with_exif(
          encode(testing::smooth_image(width, height), ".jpg", {cv::IMWRITE_JPEG_QUALITY, 98}), turn);
      PreprocessConfig config{.image_size = 32, .exif = ExifOrientation::kApply};
      const auto exact = preprocess_image(jpeg, config, {});
      config.decode = JpegDecoding::kFast;
      const auto fast = preprocess_image(jpeg, config, {});
      ASSERT_TRUE(exact.ok() && fast.ok());
      const auto [largest, mean] = difference(*exact, *fast);
      EXPECT_LE(largest, 12) << width << "x" << height << " turned " << turn;
      EXPECT_LE(mean, 1.5) << width << "x" << height << " turned " << turn;
      EXPECT_GT(largest, 0) << "nothing was shrunk";
    }
  }
}

TEST(PreprocessImageTest, FastDecodingIsExactWhereNothingCanBeShrunk) {
  PreprocessConfig fast = kSmall;
  fast.decode = JpegDecoding::kFast;
  const RgbImage image = noise_image(63, 90);
  for (const char* extension : {".jpg", ".png", ".webp", ".bmp", ".tiff"}) {
    const Bytes encoded = encode(image, extension);
    EXPECT_EQ(preprocess_image(encoded, fast, {})->pixels, preprocess_image(encoded, kSmall, {})->pixels) << extension;
  }
}

TEST(PreprocessImageTest, LimitsComeBeforeDecoding) {
  const Bytes png = encode(noise_image(40, 30), ".png");
  const auto code = [&](const ImageLimits& limits) {
    const auto result = preprocess_image(png, kSmall, limits);
    return result.ok() ? std::optional<ErrorCode>() : result.error().code;
  };
  EXPECT_EQ(code({}), std::nullopt);
  EXPECT_EQ(code({.max_encoded_bytes = png.size()}), std::nullopt);
  EXPECT_EQ(code({.max_encoded_bytes = png.size() - 1}), ErrorCode::kImageTooLarge);
  EXPECT_EQ(code({.max_pixels = 1199}), ErrorCode::kImageTooLarge);
  EXPECT_EQ(code({.max_pixels = 1200}), std::nullopt);
  EXPECT_EQ(code({.max_side = 39}), ErrorCode::kImageTooLarge);
  EXPECT_EQ(code({.max_side = 40}), std::nullopt);

  // Too large by its header, and nothing behind it: the header is what is judged.
  const Bytes header_only = testing::concat(
      {testing::bytes_of(testing::kPngSignature), testing::png_header_chunk({1'000'000, 1000, 8, 2}), Bytes(8)});
  EXPECT_EQ(preprocess_image(header_only, kSmall, {}).error().code, ErrorCode::kImageTooLarge);
}

TEST(PreprocessImageTest, ScanBombsAreRefused) {
  // The last scan of a progressive file, repeated.
  const Bytes jpeg = encode(noise_image(16, 16), ".jpg", {cv::IMWRITE_JPEG_PROGRESSIVE, 1});
  std::size_t last_scan = jpeg.size();
  while (jpeg[last_scan - 2] != std::byte{0xFF} || jpeg[last_scan - 1] != std::byte{0xDA}) --last_scan;
  const Bytes scan(jpeg.begin() + static_cast<std::ptrdiff_t>(last_scan) - 2, jpeg.end() - 2);
  Bytes bomb(jpeg.begin(), jpeg.end() - 2);
  for (int i = 0; i < 200; ++i) bomb.insert(bomb.end(), scan.begin(), scan.end());
  bomb.insert(bomb.end(), jpeg.end() - 2, jpeg.end());
  const auto result = preprocess_image(bomb, kSmall, {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kImageTooLarge);
  EXPECT_NE(result.error().message.find("scans"), std::string::npos);

  // Ten scans of an image at the pixel limit are accepted.
  EXPECT_TRUE(preprocess_image(jpeg, kSmall, {.max_pixels = 256}).ok());
}

TEST(PreprocessImageTest, EveryTruncationIsAnswered) {
  const RgbImage image = noise_image(24, 20);
  for (const char* extension : {".jpg", ".png", ".webp", ".bmp", ".tiff"}) {
    const Bytes whole = encode(image, extension);
    int errors = 0;
    for (std::size_t size = 0; size < whole.size(); size += 7) {
      const auto result = preprocess_image(std::span(whole).first(size), kSmall, {});
      if (result.ok()) continue;
      ++errors;
      EXPECT_TRUE(result.error().code == ErrorCode::kInvalidImage ||
                  result.error().code == ErrorCode::kUnsupportedImage)
          << extension << " at " << size << ": " << result.error().message;
    }
    // All but those that lack only what Pillow does without, too: PNG's IEND, TIFF's resolution.
    EXPECT_GE(errors, static_cast<int>(whole.size() / 7) - 12) << extension;
  }
}

TEST(PreprocessImageTest, EveryFlippedByteIsAnswered) {
  const RgbImage image = noise_image(12, 10);
  for (const char* extension : {".jpg", ".png", ".webp", ".bmp", ".tiff"}) {
    const Bytes whole = encode(image, extension);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      Bytes damaged = whole;
      damaged[at] ^= std::byte{0xFF};
      const auto result = preprocess_image(damaged, kSmall, {.max_pixels = 100'000, .max_side = 1000});
      if (result.ok()) {
        ASSERT_EQ(result->pixels.size(), 32u * 32 * 3);
      } else {
        ASSERT_FALSE(result.error().message.empty());
      }
    }
  }
}

TEST(PreprocessImageTest, ThinImagesCostLittle) {
  // 1x20000 would be 256x5120000 if it were resized as a whole.
  const auto result = preprocess_image(encode(noise_image(1, 20'000), ".png"), {}, {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->pixels.size(), 256u * 256 * 3);
}

TEST(PreprocessImageTest, ThreadsDoNotDisturbEachOther) {
  std::vector<Bytes> files;
  std::vector<std::vector<std::uint8_t>> expected;
  for (const char* extension : {".jpg", ".png", ".webp", ".bmp", ".tiff"}) {
    files.push_back(encode(noise_image(90, 70), extension));
    expected.push_back(preprocess_image(files.back(), kSmall, {})->pixels);
  }
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 40; ++i) {
        const std::size_t which = (i + t) % files.size();
        const auto result = preprocess_image(files[which], kSmall, {});
        if (!result.ok() || result->pixels != expected[which]) ++wrong[t];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace mobileclip
