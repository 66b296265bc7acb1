// A sentence-transformers model as a text tower: transformer, pooling, dense layers.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/models/padded_linear.h"
#include "engine/models/encoders/sentence_config.h"
#include "engine/models/encoders/token_encoder.h"
#include "engine/models/text_encoder.h"

namespace mobileclip {

/// A Dense module, in float32.
class DenseLayer {
 public:
  /// `linear` is the scope of that name in the module's own weights.
  DenseLayer(const DenseConfig& config, const WeightScope& linear);

  void forward(const Context& context, Blocked x, Blocked y) const;
  [[nodiscard]] int in_channels() const { return linear_.in_channels(); }
  [[nodiscard]] int out_channels() const { return linear_.out_channels(); }  ///< filled up to a multiple of 16
  [[nodiscard]] int out_features() const { return out_features_; }

 private:
  int out_features_;
  kernels::Activation activation_;
  Linear linear_;
};

/// Immutable after construction; forward() may run from any number of threads, each with its own activations.
class SentenceEncoder final : public TextEncoder {
 public:
  struct Sizes {
    int hidden;
    int vocab;
    int max_tokens;
  };
  SentenceEncoder(std::unique_ptr<const TokenEncoder> encoder, const Sizes& sizes, PoolingConfig pooling,
                  std::vector<DenseLayer> dense);

  [[nodiscard]] std::unique_ptr<TextActivations> make_activations(int max_texts) const override;
  [[nodiscard]] std::size_t scratch_per_worker() const override { return encoder_->scratch_per_worker(); }
  void forward(const Context& context, TextActivations& activations, std::span<const PreparedText> texts,
               std::span<float> embeddings) const override;

  /// The same of a batch whose tokens have types. prompt_tokens [texts], embeddings [texts, embed_dim].
  void embed(const Context& context, TextActivations& activations, const TokenBatch& batch,
             std::span<const int> prompt_tokens, std::span<float> embeddings) const;

  [[nodiscard]] int embed_dim() const override;
  [[nodiscard]] int context_length() const override { return sizes_.max_tokens; }
  [[nodiscard]] int vocab_size() const override { return sizes_.vocab; }

 private:
  struct Activations;
  [[nodiscard]] Channels pooled_channels() const {
    return {.size = static_cast<int>(pooling_.modes.size()) * sizes_.hidden};
  }

  std::unique_ptr<const TokenEncoder> encoder_;
  Sizes sizes_;
  PoolingConfig pooling_;
  std::vector<DenseLayer> dense_;
};

}  // namespace mobileclip
