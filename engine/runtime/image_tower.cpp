#include "engine/runtime/image_tower.h"

#include <cassert>
#include <utility>

namespace mobileclip {
namespace {

/// One grey pixel.
constexpr std::uint8_t kTinyPng[] = {
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3A, 0x7E, 0x9B, 0x55, 0x00,
    0x00, 0x00, 0x0A, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9C, 0x63, 0x68, 0x00, 0x00, 0x00, 0x82, 0x00, 0x81,
    0x77, 0xCD, 0x72, 0xB6, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
};

}  // namespace

ImageTower::ImageTower(std::unique_ptr<const ImageEncoder> encoder, PreprocessConfig preprocess,
                       const ImageLimits& limits, int workers)
    : encoder_(std::move(encoder)),
      preprocess_(preprocess),
      limits_(limits),
      decoding_(std::make_unique<DecodeBudget>(limits.max_decode_bytes)) {
  limits_.decoding = decoding_.get();
  for (int i = 0; i < workers; ++i) activations_.push_back(encoder_->make_activations());
}

Result<RgbImage> ImageTower::prepare(const Input& input, const EmbedRequest& /*request*/,
                                     EmbeddedItem& /*item*/) const {
  return preprocess_image(input.bytes, preprocess_, limits_);
}

void ImageTower::forward(const Context& context, int worker, std::span<const Prepared> group,
                         std::span<float> embeddings) {
  assert(group.size() == 1);
  encoder_->forward(context, *activations_[static_cast<std::size_t>(worker)], group.front().pixels, embeddings);
}

std::vector<RgbImage> ImageTower::warm_up_inputs(std::size_t count) const {
  const auto pixels =
      static_cast<std::size_t>(preprocess_.image_size) * static_cast<std::size_t>(preprocess_.image_size);
  std::vector<RgbImage> images;
  // The first decode of a process sets up OpenCV's codecs, which no user's request should wait for.
  Result<RgbImage> decoded = preprocess_image(std::as_bytes(std::span(kTinyPng)), preprocess_, limits_);
  if (decoded) images.push_back(std::move(*decoded));
  for (std::size_t i = images.size(); i < count; ++i) {
    const auto grey = static_cast<std::uint8_t>((i - 1) * 37);
    images.push_back({.width = preprocess_.image_size,
                      .height = preprocess_.image_size,
                      .pixels = std::vector<std::uint8_t>(pixels * 3, grey)});
  }
  return images;
}

}  // namespace mobileclip
