#include "engine/preprocess/image_preprocessor.h"

#include <cassert>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "engine/preprocess/decoded_image.h"
#include "engine/preprocess/image_decoder.h"
#include "engine/preprocess/pillow_resize.h"
#include "engine/preprocess/resize_geometry.h"

namespace mobileclip {
namespace {

RgbImage resize_and_crop_decoded(const DecodedImage& image, const PreprocessConfig& config) {
  const int size = config.image_size;
  const ResizeGeometry geometry = resize_geometry(image.width, image.height, size);
  CropResizer resizer({.horizontal = {image.width, geometry.width, geometry.crop_left, size},
                       .vertical = {image.height, geometry.height, geometry.crop_top, size},
                       .interpolation = config.interpolation});
  for (int y = resizer.first_row(); y < resizer.end_row(); ++y) resizer.push_row(image.row(y));

  RgbImage result{.width = size, .height = size, .pixels = resizer.finish()};
  // Resizing does not care which channel is which, so that only the result's are put in order.
  if (image.order == ChannelOrder::kBgr) {
    for (std::size_t i = 0; i < result.pixels.size(); i += kChannels) std::swap(result.pixels[i], result.pixels[i + 2]);
  }
  return result;
}

}  // namespace

Result<RgbImage> preprocess_image(std::span<const std::byte> encoded, const PreprocessConfig& config,
                                  const ImageLimits& limits) {
  try {
    const Result<DecodedImage> image = decode_image(encoded, config.exif, limits);
    if (!image) return image.error();
    return resize_and_crop_decoded(*image, config);
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kOverloaded, "not enough memory to decode the image"};
  } catch (const std::exception& e) {  // nothing is known to throw it, but a request must not end the process
    return Error{ErrorCode::kInternal, std::string("image preprocessing failed: ") + e.what()};
  }
}

RgbImage resize_and_crop(const RgbImage& rgb, const PreprocessConfig& config) {
  assert(rgb.width > 0 && rgb.height > 0);
  // The caller's pixels, not owned.
  const std::shared_ptr<const std::uint8_t> pixels(std::shared_ptr<void>(), rgb.pixels.data());
  return resize_and_crop_decoded({.width = rgb.width,
                                  .height = rgb.height,
                                  .stride = static_cast<std::size_t>(rgb.width) * kChannels,
                                  .order = ChannelOrder::kRgb,
                                  .pixels = pixels},
                                 config);
}

}  // namespace mobileclip
