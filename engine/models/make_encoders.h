// A CLIP model's towers from its weights: the one place that knows which class runs which configuration.
#pragma once

#include <memory>

#include "engine/models/image_encoder.h"
#include "engine/models/model_directory.h"
#include "engine/models/text_encoder.h"
#include "engine/nn/precision.h"

namespace mobileclip {

std::unique_ptr<const ImageEncoder> make_image_encoder(const LoadedClipModel& model, TowerArithmetic arithmetic);
std::unique_ptr<const TextEncoder> make_text_encoder(const LoadedClipModel& model, TowerArithmetic arithmetic);

}  // namespace mobileclip
