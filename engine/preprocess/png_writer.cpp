#include "engine/preprocess/png_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

namespace mobileclip {
namespace {

std::vector<std::uint8_t> encode_png(const RgbImage& image) {
  cv::Mat bgr(image.height, image.width, CV_8UC3);
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* from =
        image.pixels.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) * 3;
    std::uint8_t* to = bgr.ptr(y);
    for (int x = 0; x < image.width; ++x, from += 3, to += 3) std::reverse_copy(from, from + 3, to);
  }
  std::vector<std::uint8_t> encoded;
  if (!cv::imencode(".png", bgr, encoded)) throw std::runtime_error("the PNG encoder failed");
  return encoded;
}

}  // namespace

void write_png(const std::filesystem::path& path, const RgbImage& image) {
  try {
    const std::vector<std::uint8_t> encoded = encode_png(image);
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(encoded.data()), static_cast<std::streamsize>(encoded.size()));
    file.close();
    if (!file) throw std::runtime_error(std::strerror(errno));
  } catch (const std::exception& e) {
    throw std::runtime_error("cannot write " + path.string() + ": " + e.what());
  }
}

}  // namespace mobileclip
