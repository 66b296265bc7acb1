#include "bench/load/workload.h"

#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <random>
#include <stdexcept>

namespace mobileclip::bench {
namespace {

constexpr int kSide = 256;

/// Waves of light with edges and a little noise, so that it compresses like a photograph: 15 to 25 kB.
std::string jpeg(unsigned seed) {
  std::mt19937 random(seed);
  const auto uniform = [&random] { return static_cast<double>(random()) / 4294967296.0; };
  std::array<double, 9> wave{};
  for (double& w : wave) w = 0.02 + 0.12 * uniform();
  cv::Mat picture(kSide, kSide, CV_8UC3);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const bool inside = std::hypot(x - 90 - 10.0 * (seed % 7), y - 128) < 60;
      for (int c = 0; c < 3; ++c) {
        const auto i = static_cast<std::size_t>(c) * 3;
        const double light = 128 + 60 * std::sin(wave[i] * x + wave[i + 1] * y) * std::cos(wave[i + 2] * (x - y));
        picture.at<cv::Vec3b>(y, x)[c] =
            cv::saturate_cast<std::uint8_t>((inside ? 255 - light : light) + 24 * (uniform() - 0.5));
      }
    }
  }
  std::vector<std::uint8_t> encoded;
  if (!cv::imencode(".jpg", picture, encoded, {cv::IMWRITE_JPEG_QUALITY, 90}))
    throw std::runtime_error("OpenCV cannot encode JPEG");
  return {encoded.begin(), encoded.end()};
}

}  // namespace

Workload image_workload(std::size_t count) {
  Workload work{.name = "image", .path = "/embed/image", .content_type = "image/jpeg", .bodies = {}, .golden = {}};
  for (std::size_t i = 0; i < count; ++i) work.bodies.push_back(jpeg(static_cast<unsigned>(i)));
  return work;
}

Workload text_workload(std::size_t count) {
  Workload work{.name = "text", .path = "/embed/text", .content_type = "application/json", .bodies = {}, .golden = {}};
  for (std::size_t i = 0; i < count; ++i) {
    work.bodies.push_back(R"({"texts":["a photo of a cat beside )" + std::to_string(i) + R"( cups of coffee"]})");
  }
  return work;
}

}  // namespace mobileclip::bench
