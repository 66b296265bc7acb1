#include "engine/preprocess/jpeg_decoder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <random>
#include <stdexcept>
#include <string>

#include "engine/preprocess/image_decoder.h"
#include "engine/preprocess/inks.h"
#include "tests/unit/engine/preprocess/encoded_jpegs.h"

namespace mobileclip {
namespace {

using testing::Bytes;
using testing::JpegColor;
using testing::JpegOptions;
using testing::JpegScans;
using testing::noise_jpeg;
using Pixels = std::vector<std::uint8_t>;

constexpr int kSizes[][2] = {{1, 1}, {2, 3}, {7, 9}, {8, 8}, {16, 16}, {17, 33}, {64, 48}, {75, 131}};

std::string describe(int width, int height, const JpegOptions& options) {
  return std::to_string(width) + "x" + std::to_string(height) + ", colour " +
         std::to_string(static_cast<int>(options.color)) + ", sampling " + std::to_string(options.horizontal_sampling) +
         "x" + std::to_string(options.vertical_sampling) + ", scans " +
         std::to_string(static_cast<int>(options.scans)) + ", restart " + std::to_string(options.restart_interval);
}

/// Keeps the columns it asked for.
class WindowSink : public RowSink {
 public:
  WindowSink() = default;
  explicit WindowSink(const PixelWindow& window) : window_(window) {}

  PixelWindow begin(const SourceImage& delivered) override {
    source = delivered;
    EXPECT_EQ(source.order, ChannelOrder::kRgb);
    if (window_.end_row == 0) window_ = {0, source.width.pixels, 0, source.height.pixels};
    return window_;
  }
  void take_row(const std::uint8_t* row) override {
    pixels.insert(pixels.end(), row + 3 * std::ptrdiff_t{window_.first_column},
                  row + 3 * std::ptrdiff_t{window_.end_column});
  }

  Pixels pixels;
  SourceImage source{{0}, {0}, ChannelOrder::kRgb};

 private:
  PixelWindow window_{0, 0, 0, 0};
};

std::optional<Error> decode(const Bytes& jpeg, WindowSink& sink, int eighths = kAllEighths) {
  const auto file = parse_jpeg(jpeg);
  if (!file) return file.error();
  return decode_jpeg(jpeg, *file, eighths, sink);
}

Pixels pixels_of(const Bytes& jpeg) {
  WindowSink sink;
  const auto error = decode(jpeg, sink);
  EXPECT_FALSE(error) << error->message;
  return sink.pixels;
}

/// Empty where OpenCV refuses the file.
Pixels opencv_pixels(const Bytes& jpeg) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(jpeg.data());
  const cv::Mat decoded = cv::imdecode(std::vector<std::uint8_t>(bytes, bytes + jpeg.size()),
                                       cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  Pixels rgb;
  for (int y = 0; y < decoded.rows; ++y) {
    for (int x = 0; x < decoded.cols; ++x) {
      const auto& bgr = decoded.at<cv::Vec3b>(y, x);
      rgb.insert(rgb.end(), {bgr[2], bgr[1], bgr[0]});
    }
  }
  return rgb;
}

/// OpenCV's pixels, but for inks, whose arithmetic is Pillow's: OpenCV takes x k / 256 rounded down
/// for x k / 255 rounded, which is two levels less at most.
void expect_opencvs(const Pixels& found, const Pixels& expected, JpegColor color, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  int farthest = 0;
  for (std::size_t i = 0; i < found.size(); ++i) farthest = std::max(farthest, std::abs(found[i] - expected[i]));
  EXPECT_LE(farthest, color == JpegColor::kInks ? 2 : 0) << what;
}

Pixels cut_out(const Pixels& image, int width, const PixelWindow& window) {
  Pixels part;
  for (int y = window.first_row; y < window.end_row; ++y) {
    const auto row = image.begin() + std::ptrdiff_t{y} * width * 3;
    part.insert(part.end(), row + std::ptrdiff_t{3} * window.first_column, row + std::ptrdiff_t{3} * window.end_column);
  }
  return part;
}

PixelWindow random_window(std::mt19937& random, int width, int height) {
  const auto below = [&random](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
  const int left = below(width);
  const int top = below(height);
  return {left, left + 1 + below(width - left), top, top + 1 + below(height - top)};
}

/// What is written to file descriptor 2 while it lives, by whomever.
class StderrCapture {
 public:
  StderrCapture() : file_(std::tmpfile(), &std::fclose), saved_(dup(STDERR_FILENO)) {
    if (!file_ || saved_ < 0) throw std::runtime_error("cannot capture stderr");
    std::fflush(stderr);
    dup2(fileno(file_.get()), STDERR_FILENO);
  }
  ~StderrCapture() { restore(); }
  StderrCapture(const StderrCapture&) = delete;
  StderrCapture& operator=(const StderrCapture&) = delete;

  /// Ends the capture.
  std::string text() {
    restore();
    std::rewind(file_.get());
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file_.get()));
    return text;
  }

 private:
  void restore() {
    if (saved_ < 0) return;
    std::fflush(stderr);
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    saved_ = -1;
  }

  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  int saved_;
};

TEST(JpegDecoderTest, PixelsAreOpenCvs) {
  for (const JpegOptions& options : testing::every_kind_of_jpeg()) {
    for (const auto& [width, height] : kSizes) {
      const Bytes jpeg = noise_jpeg(width, height, options);
      const Pixels expected = opencv_pixels(jpeg);
      ASSERT_EQ(expected.size(), static_cast<std::size_t>(width * height * 3));
      expect_opencvs(pixels_of(jpeg), expected, options.color, describe(width, height, options));
    }
  }
}

TEST(InksTest, LeaveTheLightThatPillowSays) {  // Image.new("CMYK", (1, 1), (c, m, y, k)).convert("RGB")
  EXPECT_EQ(light_left_by(0, 255), 255);
  EXPECT_EQ(light_left_by(255, 255), 0);
  EXPECT_EQ(light_left_by(128, 200), 100);
  EXPECT_EQ(light_left_by(1, 255), 254);
  EXPECT_EQ(light_left_by(77, 13), 9);
  EXPECT_EQ(light_left_by(255, 0), 0);
}

TEST(JpegDecoderTest, WindowIsPartOfTheWhole) {
  std::mt19937 random(5);
  for (const JpegOptions& options : testing::every_kind_of_jpeg()) {
    for (const auto& [width, height] : kSizes) {
      const Bytes jpeg = noise_jpeg(width, height, options);
      const Pixels whole = pixels_of(jpeg);
      for (int i = 0; i < 8; ++i) {
        const PixelWindow window = random_window(random, width, height);
        WindowSink sink(window);
        const auto error = decode(jpeg, sink);
        ASSERT_FALSE(error) << error->message;
        EXPECT_EQ(sink.pixels, cut_out(whole, width, window))
            << describe(width, height, options) << ", columns " << window.first_column << " to " << window.end_column
            << ", rows " << window.first_row << " to " << window.end_row;
      }
    }
  }
}

TEST(JpegDecoderTest, ShrinksToTheFewestEighthsThatSuffice) {
  const auto eighths = [](std::uint32_t width, std::uint32_t height, int least_side) {
    JpegFile file{};
    file.width = width;
    file.height = height;
    return fewest_eighths(file, least_side);
  };
  EXPECT_EQ(eighths(4000, 3000, 0), 8);
  EXPECT_EQ(eighths(4000, 3000, 256), 1);
  EXPECT_EQ(eighths(3000, 2048, 256), 1);
  EXPECT_EQ(eighths(3000, 2047, 256), 2);
  EXPECT_EQ(eighths(1023, 3000, 256), 4);
  EXPECT_EQ(eighths(512, 512, 256), 4);
  EXPECT_EQ(eighths(512, 511, 256), 8);
  EXPECT_EQ(eighths(1, 65'500, 256), 8);
}

TEST(JpegDecoderTest, ShrunkWindowIsPartOfTheShrunkWhole) {
  std::mt19937 random(9);
  for (const JpegOptions& options : testing::every_kind_of_jpeg()) {
    for (const auto& [full_width, full_height] : kSizes) {
      const Bytes jpeg = noise_jpeg(full_width, full_height, options);
      for (const int eighths : {1, 2, 4}) {
        WindowSink whole;
        ASSERT_FALSE(decode(jpeg, whole, eighths));
        const int width = (full_width * eighths + 7) / 8;
        const int height = (full_height * eighths + 7) / 8;
        const std::string what = describe(full_width, full_height, options) + ", eighths " + std::to_string(eighths);
        ASSERT_EQ(whole.source.width.pixels, width) << what;
        ASSERT_EQ(whole.source.height.pixels, height) << what;
        ASSERT_EQ(whole.source.width.full, full_width) << what;
        ASSERT_EQ(whole.source.height.full, full_height) << what;
        for (int i = 0; i < 4; ++i) {
          const PixelWindow window = random_window(random, width, height);
          WindowSink part(window);
          ASSERT_FALSE(decode(jpeg, part, eighths));
          EXPECT_EQ(part.pixels, cut_out(whole.pixels, width, window))
              << what << ", columns " << window.first_column << " to " << window.end_column << ", rows "
              << window.first_row << " to " << window.end_row;
        }
      }
    }
  }
}

/// libjpeg goes on after damaged entropy-coded data: it must do so alike when it skips what is outside the window.
TEST(JpegDecoderTest, DamagedPixelsAreOpenCvsInEveryWindow) {
  constexpr int kWidth = 75;
  constexpr int kHeight = 90;
  std::mt19937 random(6);
  int decoded = 0;
  for (const JpegOptions& options : testing::every_kind_of_jpeg()) {
    const Bytes jpeg = noise_jpeg(kWidth, kHeight, options);
    for (int i = 0; i < 20; ++i) {
      Bytes damaged = jpeg;
      const std::size_t at = 2 + random() % (jpeg.size() - 4);
      damaged[at] = static_cast<std::byte>(random());
      const auto file = parse_jpeg(damaged);
      if (!file || !file->complete || file->width != kWidth || file->height != kHeight) continue;
      StderrCapture opencv_complains_here;
      const Pixels expected = opencv_pixels(damaged);
      const PixelWindow window = random_window(random, kWidth, kHeight);
      WindowSink whole;
      WindowSink part(window);
      const bool accepted = !decode(damaged, whole);
      EXPECT_EQ(accepted, !expected.empty()) << describe(kWidth, kHeight, options) << ", byte " << at;
      EXPECT_EQ(!decode(damaged, part), accepted) << describe(kWidth, kHeight, options) << ", byte " << at;
      if (!accepted || expected.empty()) continue;
      ++decoded;
      expect_opencvs(whole.pixels, expected, options.color,
                     describe(kWidth, kHeight, options) + ", byte " + std::to_string(at));
      EXPECT_EQ(part.pixels, cut_out(whole.pixels, kWidth, window))
          << describe(kWidth, kHeight, options) << ", byte " << at;
    }
  }
  EXPECT_GT(decoded, 500);
}

TEST(JpegDecoderTest, DamageIsSilent) {
  Bytes no_pixels = noise_jpeg(40, 40, {});
  no_pixels.erase(no_pixels.end() - 200, no_pixels.end() - 2);
  Bytes bad_tables = noise_jpeg(40, 40, {});
  const Bytes marker = testing::bytes_of("\xFF\xC4");
  const auto huffman = std::search(bad_tables.begin(), bad_tables.end(), marker.begin(), marker.end());
  ASSERT_NE(huffman, bad_tables.end());
  std::fill_n(huffman + 5, 16, std::byte{0xFF});  // after the marker, the length and the table's number: code counts

  StderrCapture capture;
  const auto premature_end = decode_image(no_pixels, ExifOrientation::kIgnore, {});  // a warning of libjpeg's
  const auto fatal = decode_image(bad_tables, ExifOrientation::kIgnore, {});
  EXPECT_EQ(capture.text(), "");
  EXPECT_TRUE(premature_end.ok());
  ASSERT_FALSE(fatal.ok());
  EXPECT_EQ(fatal.error().code, ErrorCode::kInvalidImage);
  EXPECT_EQ(fatal.error().message, "JPEG data are damaged: Bogus Huffman table definition");
}

TEST(JpegDecoderTest, EveryTruncationIsRefusedAndSilent) {
  for (const JpegScans scans : {JpegScans::kOne, JpegScans::kProgressive}) {
    const Bytes jpeg = noise_jpeg(40, 56, {.horizontal_sampling = 2, .vertical_sampling = 2, .scans = scans});
    StderrCapture capture;
    for (std::size_t size = 0; size < jpeg.size(); ++size) {
      const auto image = preprocess_image(std::span(jpeg).first(size), {.image_size = 16}, {});
      ASSERT_FALSE(image.ok()) << size;
      EXPECT_EQ(image.error().code, size < 3 ? ErrorCode::kUnsupportedImage : ErrorCode::kInvalidImage) << size;
      // Without the check for completeness, too, it ends: libjpeg makes up what is missing.
      WindowSink sink;
      if (!decode(Bytes(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(size)), sink)) {
        EXPECT_EQ(sink.pixels.size(), 40u * 56 * 3) << size;
      }
    }
    EXPECT_EQ(capture.text(), "");
  }
}

TEST(JpegDecoderTest, UnsupportedKindsAreNamed) {
  WindowSink sink;
  const auto two = decode(noise_jpeg(8, 8, {.color = JpegColor::kTwoComponents}), sink);
  ASSERT_TRUE(two);
  EXPECT_EQ(two->code, ErrorCode::kUnsupportedImage);
  EXPECT_EQ(two->message, "JPEG has 2 colour components, expected 1, 3 or 4");

  Bytes lossless = noise_jpeg(8, 8, {});
  const auto frame = std::find(lossless.begin(), lossless.end(), std::byte{0xC0});
  ASSERT_NE(frame, lossless.end());
  *frame = std::byte{0xC3};
  const auto unsupported = decode(lossless, sink);
  ASSERT_TRUE(unsupported);
  EXPECT_EQ(unsupported->code, ErrorCode::kUnsupportedImage);
  EXPECT_EQ(unsupported->message, "JPEG is of an unsupported kind: Unsupported JPEG process: SOF type 0xc3");
}

TEST(JpegDecoderTest, SizeMustBeTheParsers) {
  const Bytes jpeg = noise_jpeg(8, 8, {});
  auto file = parse_jpeg(jpeg);
  ASSERT_TRUE(file.ok());
  file->width = 9;
  WindowSink sink;
  const auto error = decode_jpeg(jpeg, *file, kAllEighths, sink);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kInvalidImage);
  EXPECT_TRUE(sink.pixels.empty());
}

}  // namespace
}  // namespace mobileclip
