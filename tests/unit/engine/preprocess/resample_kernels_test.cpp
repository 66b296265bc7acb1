#include "engine/preprocess/resample_kernels.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "engine/preprocess/pillow_resize.h"
#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip {
namespace {

std::vector<const ResampleKernels*> vector_kernels() {
  std::vector<const ResampleKernels*> kernels;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) kernels.push_back(&kAvx2ResampleKernels);
#endif
  return kernels;
}

class ResampleKernelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (vector_kernels().empty()) GTEST_SKIP() << "this processor has none of the instruction sets (AVX2)";
  }
};

std::vector<std::uint8_t> resized(const RgbImage& image, const CropResizeOptions& options) {
  CropResizer resizer(options);
  // Each row in memory of its own size, so that AddressSanitizer sees a kernel that reads beyond.
  for (int y = resizer.first_row(); y < resizer.end_row(); ++y) {
    const auto from = image.pixels.begin() + std::ptrdiff_t{y} * image.width * 3;
    const std::vector<std::uint8_t> row(from, from + std::ptrdiff_t{image.width} * 3);
    resizer.push_row(row.data());
  }
  return resizer.finish();
}

TEST_F(ResampleKernelsTest, EveryInstructionSetGivesThePortableBytes) {
  std::mt19937 random(11);
  const auto between = [&random](int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (int i = 0; i < 400; ++i) {
    const int widest = i % 4 == 0 ? 9 : 400;
    const RgbImage image = testing::noise_image(between(1, widest), between(1, 200), static_cast<std::uint32_t>(i));
    const int out_width = between(1, 90);
    const int out_height = between(1, 90);
    const int left = between(0, out_width - 1);
    const int top = between(0, out_height - 1);
    const CropResizeOptions options{.horizontal = {image.width, out_width, left, between(1, out_width - left)},
                                    .vertical = {image.height, out_height, top, between(1, out_height - top)},
                                    .interpolation = i % 2 == 0 ? Interpolation::kBilinear : Interpolation::kBicubic,
                                    .kernels = kPortableResampleKernels};
    const auto expected = resized(image, options);
    for (const ResampleKernels* kernels : vector_kernels()) {
      EXPECT_EQ(resized(image, {options.horizontal, options.vertical, options.interpolation, *kernels}), expected)
          << kernels->name << ", " << image.width << "x" << image.height << " to " << out_width << "x" << out_height;
    }
  }
}

TEST_F(ResampleKernelsTest, OvershootIsClipped) {
  // Black and white columns and rows: bicubic sums go below 0 and beyond 255.
  RgbImage image{64, 64, std::vector<std::uint8_t>(std::size_t{64} * 64 * 3)};
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = (i / 3 / 5 + i / 192 / 5) % 2 == 0 ? std::uint8_t{0} : std::uint8_t{255};
  }
  const CropResizeOptions portable{.horizontal = {64, 100, 0, 100},
                                   .vertical = {64, 100, 0, 100},
                                   .interpolation = Interpolation::kBicubic,
                                   .kernels = kPortableResampleKernels};
  const auto expected = resized(image, portable);
  for (const ResampleKernels* kernels : vector_kernels()) {
    EXPECT_EQ(resized(image, {portable.horizontal, portable.vertical, portable.interpolation, *kernels}), expected)
        << kernels->name;
  }
}

}  // namespace
}  // namespace mobileclip
