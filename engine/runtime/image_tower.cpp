#include "engine/runtime/image_tower.h"

#include <cassert>
#include <utility>

namespace mobileclip {

ImageTower::ImageTower(MciEncoder encoder, PreprocessConfig preprocess, const ImageLimits& limits, int workers)
    : encoder_(std::move(encoder)), preprocess_(preprocess), limits_(limits) {
  for (int i = 0; i < workers; ++i) activations_.push_back(encoder_.make_activations());
}

Result<RgbImage> ImageTower::prepare(const Input& input, const EmbedRequest& /*request*/, EmbeddedItem& /*item*/) const {
  return preprocess_image(input.bytes, preprocess_, limits_);
}

void ImageTower::forward(const Context& context, int worker, std::span<const Prepared> group, std::span<float> embeddings) {
  assert(group.size() == 1);
  encoder_.forward(context, activations_[static_cast<std::size_t>(worker)], group.front().pixels, embeddings);
}

std::vector<RgbImage> ImageTower::warm_up_inputs(std::size_t count) const {
  const auto pixels = static_cast<std::size_t>(preprocess_.image_size) * static_cast<std::size_t>(preprocess_.image_size);
  std::vector<RgbImage> images;
  for (std::size_t i = 0; i < count; ++i) {
    const auto grey = static_cast<std::uint8_t>(i * 37);
    images.push_back({.width = preprocess_.image_size,
                      .height = preprocess_.image_size,
                      .pixels = std::vector<std::uint8_t>(pixels * 3, grey)});
  }
  return images;
}

}  // namespace mobileclip
