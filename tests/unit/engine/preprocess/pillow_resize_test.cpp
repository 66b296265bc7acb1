#include "engine/preprocess/pillow_resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "engine/preprocess/resize_geometry.h"
#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip {
namespace {

using testing::noise_image;

double kernel(double x, Interpolation interpolation) {
  x = std::fabs(x);
  if (interpolation == Interpolation::kBilinear) return x < 1 ? 1 - x : 0;
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? -0.5 * (((x - 5) * x + 8) * x - 4) : 0;
}

/// One line of Pillow's resampling as its documentation of the algorithm has it: weights normalised in double, rounded
/// to 22 bits after the point, the sum rounded and clipped.
std::vector<std::uint8_t> resample_line(const std::vector<std::uint8_t>& line, int out_size,
                                        Interpolation interpolation) {
  const int in_size = static_cast<int>(line.size());
  const double scale = static_cast<double>(in_size) / out_size;
  const double stretch = std::max(scale, 1.0);
  const double support = stretch * (interpolation == Interpolation::kBilinear ? 1 : 2);
  std::vector<std::uint8_t> out;
  for (int o = 0; o < out_size; ++o) {
    const double center = (o + 0.5) * scale;
    const int begin = std::max(0, static_cast<int>(std::floor(center - support + 0.5)));
    const int end = std::min(in_size, static_cast<int>(std::floor(center + support + 0.5)));
    double total = 0;
    for (int i = begin; i < end; ++i) total += kernel((i - center + 0.5) / stretch, interpolation);
    std::int64_t sum = 1 << 21;
    for (int i = begin; i < end; ++i) {
      const double weight = kernel((i - center + 0.5) / stretch, interpolation) / total;
      sum += static_cast<std::int64_t>(std::lround(weight * 4194304.0)) * line[static_cast<std::size_t>(i)];
    }
    out.push_back(static_cast<std::uint8_t>(std::clamp<std::int64_t>(sum >> 22, 0, 255)));
  }
  return out;
}

/// The whole resized image, a channel and a line at a time, and then the crop of it.
RgbImage resize_and_crop_oracle(const RgbImage& image, const PreprocessConfig& config) {
  const ResizeGeometry g = resize_geometry(image.width, image.height, config.image_size);
  RgbImage result{config.image_size, config.image_size, {}};
  const auto size = static_cast<std::size_t>(config.image_size);
  result.pixels.resize(size * size * 3);
  for (std::size_t c = 0; c < 3; ++c) {
    std::vector<std::vector<std::uint8_t>> columns(static_cast<std::size_t>(g.width));
    for (int y = 0; y < image.height; ++y) {
      std::vector<std::uint8_t> line;
      line.reserve(static_cast<std::size_t>(image.width));
      for (int x = 0; x < image.width; ++x) {
        line.push_back(image.pixels[static_cast<std::size_t>(y * image.width + x) * 3 + c]);
      }
      if (g.width != image.width) line = resample_line(line, g.width, config.interpolation);
      for (std::size_t x = 0; x < line.size(); ++x) columns[x].push_back(line[x]);
    }
    for (std::size_t x = 0; x < size; ++x) {
      auto& column = columns[x + static_cast<std::size_t>(g.crop_left)];
      if (g.height != image.height) column = resample_line(column, g.height, config.interpolation);
      for (std::size_t y = 0; y < size; ++y) {
        result.pixels[(y * size + x) * 3 + c] = column[y + static_cast<std::size_t>(g.crop_top)];
      }
    }
  }
  return result;
}

class PillowResizeTest : public ::testing::TestWithParam<Interpolation> {};
INSTANTIATE_TEST_SUITE_P(Interpolations, PillowResizeTest,
                         ::testing::Values(Interpolation::kBilinear, Interpolation::kBicubic));

TEST_P(PillowResizeTest, EqualsTheScalarOracleAtRandomSizes) {
  std::mt19937 random(7);
  for (int i = 0; i < 60; ++i) {
    const int longest = i % 3 == 0 ? 12 : 150;
    const int width = 1 + static_cast<int>(random() % static_cast<unsigned>(longest));
    const int height = 1 + static_cast<int>(random() % 150);
    const PreprocessConfig config{.image_size = 1 + static_cast<int>(random() % 64), .interpolation = GetParam()};
    const RgbImage image = noise_image(width, height, static_cast<std::uint32_t>(i));
    EXPECT_EQ(resize_and_crop(image, config).pixels, resize_and_crop_oracle(image, config).pixels)
        << width << "x" << height << " to " << config.image_size;
  }
}

TEST_P(PillowResizeTest, ExactSizeIsACopy) {
  const RgbImage image = noise_image(32, 32);
  EXPECT_EQ(resize_and_crop(image, {.image_size = 32, .interpolation = GetParam()}).pixels, image.pixels);
}

TEST_P(PillowResizeTest, ConstantImageStaysConstant) {
  for (const std::uint8_t value : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{254}, std::uint8_t{255}}) {
    const RgbImage image{101, 67, std::vector<std::uint8_t>(std::size_t{101} * 67 * 3, value)};
    const RgbImage result = resize_and_crop(image, {.image_size = 48, .interpolation = GetParam()});
    EXPECT_EQ(result.pixels, std::vector<std::uint8_t>(std::size_t{48} * 48 * 3, value));
  }
}

TEST(CropResizerTest, LooksOnlyAtTheRowsTheCropNeeds) {
  // 3x300 becomes 256x25600, of which the crop keeps the rows 12672 to 12927: three source rows and the filter's reach.
  const CropResizer resizer({.horizontal = {3, 256, 0, 256},
                             .vertical = {300, 25600, 12672, 256},
                             .interpolation = Interpolation::kBilinear});
  EXPECT_EQ(resizer.first_row(), 148);
  EXPECT_EQ(resizer.end_row(), 152);
}

TEST(ResampleFilterTest, CoefficientsSumToOne) {
  for (const auto interpolation : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    const ResampleFilter filter({.in_size = 1000, .out_size = 77, .out_first = 10, .out_count = 50}, interpolation);
    for (int i = 0; i < 50; ++i) {
      std::int64_t sum = 0;
      for (int t = 0; t < filter.max_taps; ++t) sum += filter.coefficients(i)[t];
      EXPECT_NEAR(static_cast<double>(sum), 1 << kCoefficientBits, filter.max_taps);
      EXPECT_LE(filter.taps[static_cast<std::size_t>(i)].count, filter.max_taps);
    }
  }
}

}  // namespace
}  // namespace mobileclip
