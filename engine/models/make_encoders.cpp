#include "engine/models/make_encoders.h"

#include "engine/models/clip_text.h"
#include "engine/models/mci.h"
#include "engine/models/vit.h"

namespace mobileclip {
namespace {

MciEncoder encoder(const MciConfig& tower, const ModelConfig& config, const TowerWeights& weights,
                   TowerArithmetic arithmetic) {
  return {tower, config.embed_dim, image_encoder_input(config), weights, arithmetic};
}

VitEncoder encoder(const VitConfig& tower, const ModelConfig& config, const TowerWeights& weights,
                   TowerArithmetic arithmetic) {
  return {tower, config.embed_dim, image_encoder_input(config), weights, arithmetic};
}

}  // namespace

std::unique_ptr<const ImageEncoder> make_image_encoder(const ModelConfig& config, const TowerWeights& image,
                                                       TowerArithmetic arithmetic) {
  return std::visit(
      [&](const auto& tower) -> std::unique_ptr<const ImageEncoder> {
        return std::make_unique<AnyImageEncoder<decltype(encoder(tower, config, image, arithmetic))>>(
            encoder(tower, config, image, arithmetic));
      },
      config.image);
}

std::unique_ptr<const TextEncoder> make_text_encoder(const ModelConfig& config, const TowerWeights& text,
                                                     TowerArithmetic arithmetic) {
  return std::make_unique<AnyTextEncoder<ClipTextEncoder>>(
      ClipTextEncoder(config.text, config.embed_dim, text, arithmetic));
}

}  // namespace mobileclip
