#include "engine/preprocess/opencv_decoder.h"

#include <limits>
#include <memory>
#include <new>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <string>

#include "engine/preprocess/image_errors.h"

namespace mobileclip {
namespace {

void configure_opencv_once() {
  static const bool configured = [] {
    cv::setNumThreads(0);  // 0: run in the calling thread
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    return true;
  }();
  static_cast<void>(configured);
}

}  // namespace

Result<DecodedImage> decode_with_opencv(std::span<const std::byte> encoded, ExpectedSize expected) {
  configure_opencv_once();
  if (encoded.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return image_too_large("image has " + std::to_string(encoded.size()) + " encoded bytes, more than a decoder takes");
  }
  try {
    // imdecode does not write to its input; cv::Mat just has no const form.
    auto* bytes = const_cast<std::byte*>(encoded.data());
    const cv::Mat input(1, static_cast<int>(encoded.size()), CV_8UC1, bytes);
    auto decoded = std::make_shared<cv::Mat>(cv::imdecode(input, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION));
    if (decoded->empty() || decoded->type() != CV_8UC3) return invalid_image("image data are damaged");
    if (decoded->cols != expected.width || decoded->rows != expected.height) {
      return invalid_image("image data are " + std::to_string(decoded->cols) + "x" + std::to_string(decoded->rows) +
                           " pixels where the header says " + std::to_string(expected.width) + "x" +
                           std::to_string(expected.height));
    }
    const std::uint8_t* pixels = decoded->data;
    return DecodedImage{.width = decoded->cols,
                        .height = decoded->rows,
                        .stride = decoded->step[0],
                        .order = ChannelOrder::kBgr,
                        .pixels = std::shared_ptr<const std::uint8_t>(std::move(decoded), pixels)};
  } catch (const cv::Exception& e) {
    if (e.code == cv::Error::StsNoMem) return out_of_memory();
    return invalid_image("image data are damaged");
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

}  // namespace mobileclip
