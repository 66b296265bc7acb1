#include "engine/models/make_encoders.h"

#include "engine/models/clip_text.h"
#include "engine/models/mci.h"

namespace mobileclip {

std::unique_ptr<const ImageEncoder> make_image_encoder(const LoadedClipModel& model, TowerArithmetic arithmetic) {
  const ModelConfig& config = model.config;
  return std::make_unique<AnyImageEncoder<MciEncoder>>(MciEncoder(
      config.image, config.embed_dim,
      {.image_size = config.preprocess.image_size, .mean = config.mean, .std = config.std}, model.image, arithmetic));
}

std::unique_ptr<const TextEncoder> make_text_encoder(const LoadedClipModel& model, TowerArithmetic arithmetic) {
  return std::make_unique<AnyTextEncoder<ClipTextEncoder>>(
      ClipTextEncoder(model.config.text, model.config.embed_dim, model.text, arithmetic));
}

}  // namespace mobileclip
