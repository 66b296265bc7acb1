// BERT (Devlin et al., 2018) and the encoders that differ from it in embeddings and attention only: RoBERTa,
// DistilBERT, MPNet, DeBERTa. Norms come after the residual sums.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/models/encoders/embedding_tables.h"
#include "engine/models/padded_linear.h"
#include "engine/models/encoders/token_convolution.h"
#include "engine/models/encoders/token_encoder.h"
#include "engine/nn/layer_norm.h"
#include "engine/nn/mlp.h"
#include "engine/nn/self_attention.h"

namespace mobileclip {

class PostNormEncoder final : public TokenEncoder {
 public:
  PostNormEncoder(const PostNormConfig& config, const TowerWeights& weights, TowerArithmetic arithmetic,
                  int max_tokens);

  [[nodiscard]] std::unique_ptr<TokenActivations> make_activations(int max_rows) const override;
  [[nodiscard]] std::size_t scratch_per_worker() const override;
  Blocked forward(const Context& context, TokenActivations& activations, const TokenBatch& batch,
                  const StageObserver& observe) const override;

 private:
  struct Layer {
    Linear query, key, value;
    std::unique_ptr<const ScoreBias> relative_positions;  // DeBERTa's
    Linear attention_output;
    LayerNorm attention_norm;
    Mlp mlp;
    LayerNorm output_norm;
  };
  struct Activations;

  /// `relative` is DeBERTa's table of relative positions, after its norm.
  [[nodiscard]] Layer build_layer(const WeightScope& w, std::span<const float> relative,
                                  TowerArithmetic arithmetic) const;
  [[nodiscard]] SelfAttentionShape attention_shape(const Layer& layer, std::span<const int> row_begins) const;
  [[nodiscard]] Channels hidden_channels() const { return {.size = config_.hidden_size}; }
  [[nodiscard]] Channels head_channels() const {
    return {.groups = config_.heads, .size = config_.hidden_size / config_.heads};
  }

  PostNormConfig config_;
  int max_tokens_;
  TextEmbeddings embeddings_;
  std::optional<Linear> embed_proj_;
  LayerNorm embeddings_norm_;
  std::unique_ptr<const ScoreBias> relative_bias_;  // MPNet's, the same in all layers
  std::vector<Layer> layers_;
  std::optional<TokenConvolution> conv_;
};

}  // namespace mobileclip
