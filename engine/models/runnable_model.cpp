#include "engine/models/runnable_model.h"

#include <utility>

#include "engine/models/encoders/sentence_encoder.h"
#include "engine/models/make_encoders.h"

namespace mobileclip {
namespace {

RunnableModel runnable(LoadedClipModel model, TowerArithmetic arithmetic) {
  // A tower's weights go once they are packed, so that the other's don't add to them.
  auto image = make_image_encoder(model.config, model.image, arithmetic);
  model.image = {};
  auto text = make_text_encoder(model.config, model.text, arithmetic);
  model.text = {};
  return {.name = model.config.name,
          .synthetic = model.synthetic,
          .fingerprint = std::move(model.fingerprint),
          .source_layout = std::move(model.source_layout),
          .logit_scale = model.logit_scale,
          .embed_dim = model.config.embed_dim,
          .image = std::move(image),
          .image_input = {.preprocess = model.config.preprocess, .mean = model.config.mean, .std = model.config.std},
          .text = std::move(text),
          .tokenizer = std::make_shared<const ClipTokenizer>(std::move(model.tokenizer)),
          .prompts = {},
          .pooling = "last_token",  // the one at <end_of_text>
          .arithmetic = arithmetic.usual,
          .damaged = std::move(model.damaged)};
}

/// Split bfloat16 is 1.0e-5 to 1.3e-5 away from these models' references, and they are to be within 1e-5
/// (docs/precision.md).
TowerArithmetic without_splits(TowerArithmetic arithmetic) {
  for (Arithmetic* kind : {&arithmetic.usual, &arithmetic.sensitive}) {
    if (*kind == Arithmetic::kSplitBf16) *kind = Arithmetic::kFp32;
  }
  return arithmetic;
}

RunnableModel runnable(LoadedSentenceModel model, TowerArithmetic arithmetic) {
  SentenceWeights& weights = model.weights;
  const TowerArithmetic exact = without_splits(arithmetic);
  std::vector<DenseLayer> dense;
  for (std::size_t i = 0; i < weights.dense.size(); ++i) {
    dense.emplace_back(weights.sentence.dense[i], WeightScope(weights.dense[i], "linear"));
  }
  const SentenceEncoder::Sizes sizes{
      .hidden = hidden_size(weights.encoder), .vocab = vocab_size(weights.encoder), .max_tokens = weights.max_tokens};
  return {.name = std::move(model.name),
          .synthetic = weights.synthetic.has_value(),
          .fingerprint = std::move(weights.fingerprint),
          .source_layout = kSentenceLayout,
          .logit_scale = 1,
          .embed_dim = weights.embed_dim(),
          .image = nullptr,
          .image_input = {},
          .text = std::make_unique<SentenceEncoder>(
              make_token_encoder(weights.encoder, weights.tensors, exact, weights.max_tokens), sizes,
              weights.sentence.pooling, std::move(dense)),
          .tokenizer = std::move(model.tokenizer),
          .prompts = std::move(weights.sentence.prompts),
          .pooling = describe(weights.sentence.pooling),
          .arithmetic = exact.usual,
          .damaged = std::move(weights.damaged)};
}

}  // namespace

RunnableModel make_runnable(LoadedModel model, TowerArithmetic arithmetic) {
  return std::visit([&](auto& family) { return runnable(std::move(family), arithmetic); }, model);
}

}  // namespace mobileclip
