// A CLIP model's towers from its weights: the one place that knows which class runs which configuration.
#pragma once

#include <memory>

#include "engine/models/image_encoder.h"
#include "engine/models/model_directory.h"
#include "engine/models/text_encoder.h"
#include "engine/nn/precision.h"

namespace mobileclip {

/// Packs copies of `image`, the weights of config.image.
std::unique_ptr<const ImageEncoder> make_image_encoder(const ModelConfig& config, const TowerWeights& image,
                                                       TowerArithmetic arithmetic);
/// Packs copies of `text`, the weights of config.text.
std::unique_ptr<const TextEncoder> make_text_encoder(const ModelConfig& config, const TowerWeights& text,
                                                     TowerArithmetic arithmetic);

}  // namespace mobileclip
