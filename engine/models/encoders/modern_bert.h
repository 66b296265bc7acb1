// ModernBERT (Warner et al., 2024): norms before attention and MLP, rotary positions, GeGLU, and layers that see only
// what is near between those that see all.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/models/encoders/embedding_tables.h"
#include "engine/models/padded_linear.h"
#include "engine/models/encoders/token_encoder.h"
#include "engine/nn/gated_mlp.h"
#include "engine/nn/layer_norm.h"
#include "engine/nn/rotary.h"
#include "engine/nn/self_attention.h"

namespace mobileclip {

class ModernBertEncoder final : public TokenEncoder {
 public:
  ModernBertEncoder(const ModernBertConfig& config, const TowerWeights& weights, TowerArithmetic arithmetic,
                    int max_tokens);

  [[nodiscard]] std::unique_ptr<TokenActivations> make_activations(int max_rows) const override;
  [[nodiscard]] std::size_t scratch_per_worker() const override;
  Blocked forward(const Context& context, TokenActivations& activations, const TokenBatch& batch,
                  const StageObserver& observe) const override;

 private:
  struct Layer {
    std::optional<LayerNorm> attn_norm;  // none in the first layer
    Linear qkv;
    Linear attention_output;
    LayerNorm mlp_norm;
    GatedMlp mlp;
    bool is_local;
  };
  struct Activations;

  [[nodiscard]] Layer build_layer(const WeightScope& w, std::size_t index, TowerArithmetic arithmetic) const;
  [[nodiscard]] SelfAttentionShape attention_shape(bool is_local, std::span<const int> row_begins) const;
  [[nodiscard]] Channels hidden_channels() const { return {.size = config_.hidden_size}; }
  [[nodiscard]] Channels head_channels() const {
    return {.groups = config_.heads, .size = config_.hidden_size / config_.heads};
  }

  ModernBertConfig config_;
  int max_tokens_;
  TokenTable words_;
  LayerNorm embeddings_norm_;
  RotaryEmbedding global_positions_;
  RotaryEmbedding local_positions_;
  std::vector<Layer> layers_;
  LayerNorm final_norm_;
};

}  // namespace mobileclip
