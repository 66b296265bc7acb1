#include "engine/models/runnable_model.h"

#include <utility>

#include "engine/models/make_encoders.h"

namespace mobileclip {
namespace {

RunnableModel runnable(LoadedClipModel model, TowerArithmetic arithmetic) {
  return {.name = model.config.name,
          .synthetic = model.synthetic,
          .fingerprint = std::move(model.fingerprint),
          .source_layout = std::move(model.source_layout),
          .logit_scale = model.logit_scale,
          .embed_dim = model.config.embed_dim,
          .image = make_image_encoder(model, arithmetic),
          .image_input = {.preprocess = model.config.preprocess, .mean = model.config.mean, .std = model.config.std},
          .text = make_text_encoder(model, arithmetic),
          .tokenizer = std::make_unique<const ClipTokenizer>(std::move(model.tokenizer)),
          .damaged = std::move(model.damaged)};
}

}  // namespace

RunnableModel make_runnable(LoadedModel model, TowerArithmetic arithmetic) {
  return std::visit([&](auto& family) { return runnable(std::move(family), arithmetic); }, model);
}

}  // namespace mobileclip
