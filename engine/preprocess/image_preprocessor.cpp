#include "engine/preprocess/image_preprocessor.h"

#include <cassert>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "engine/preprocess/decoded_image.h"
#include "engine/preprocess/image_decoder.h"
#include "engine/preprocess/image_errors.h"
#include "engine/preprocess/pillow_resize.h"
#include "engine/preprocess/resize_geometry.h"
#include "engine/preprocess/row_sink.h"

namespace mobileclip {
namespace {

/// Resizes and crops the rows of an image as they come.
class ModelInput : public RowSink {
 public:
  explicit ModelInput(const PreprocessConfig& config) : config_(config) {}

  PixelWindow begin(const SourceImage& source) override {
    const int size = config_.image_size;
    const auto& [width, height, order] = source;
    const ResizeGeometry geometry = resize_geometry(width.full, height.full, size);
    order_ = order;
    resizer_.emplace(CropResizeOptions{
        .horizontal = {width.pixels, geometry.width, geometry.crop_left, size, width.begin, width.length},
        .vertical = {height.pixels, geometry.height, geometry.crop_top, size, height.begin, height.length},
        .interpolation = config_.interpolation});
    return {resizer_->first_column(), resizer_->end_column(), resizer_->first_row(), resizer_->end_row()};
  }
  void take_row(const std::uint8_t* row) override { resizer_->push_row(row); }

  /// After the last row of the window.
  [[nodiscard]] RgbImage finish() const {
    RgbImage result{.width = config_.image_size, .height = config_.image_size, .pixels = resizer_->finish()};
    // Resizing does not care which channel is which, so that only the result's are put in order.
    if (order_ == ChannelOrder::kBgr) {
      for (std::size_t i = 0; i < result.pixels.size(); i += kChannels) {
        std::swap(result.pixels[i], result.pixels[i + 2]);
      }
    }
    return result;
  }

 private:
  PreprocessConfig config_;
  ChannelOrder order_ = ChannelOrder::kRgb;
  std::optional<CropResizer> resizer_;
};

}  // namespace

Result<RgbImage> preprocess_image(std::span<const std::byte> encoded, const PreprocessConfig& config,
                                  const ImageLimits& limits) {
  try {
    ModelInput input(config);
    const int least_side = config.decode == JpegDecoding::kFast ? config.image_size : 0;
    const DecodeOptions options{.exif = config.exif, .jpeg_least_side = least_side, .limits = limits};
    if (auto error = decode_image_rows(encoded, options, input)) return *std::move(error);
    return input.finish();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::exception& e) {  // nothing is known to throw it, but a request must not end the process
    return Error{ErrorCode::kInternal, std::string("image preprocessing failed: ") + e.what()};
  }
}

RgbImage resize_and_crop(const RgbImage& rgb, const PreprocessConfig& config) {
  assert(rgb.width > 0 && rgb.height > 0);
  ModelInput input(config);
  const PixelWindow window = input.begin({{rgb.width}, {rgb.height}, ChannelOrder::kRgb});
  const std::size_t stride = static_cast<std::size_t>(rgb.width) * kChannels;
  for (int y = window.first_row; y < window.end_row; ++y) {
    input.take_row(rgb.pixels.data() + static_cast<std::size_t>(y) * stride);
  }
  return input.finish();
}

}  // namespace mobileclip
