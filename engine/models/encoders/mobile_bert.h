// MobileBERT (Sun et al., 2020): thin layers between bottlenecks, several feed-forward networks a layer, and scales and
// shifts in the place of LayerNorm.
#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "engine/models/encoders/embedding_tables.h"
#include "engine/models/padded_linear.h"
#include "engine/models/encoders/token_encoder.h"
#include "engine/nn/layer_norm.h"
#include "engine/nn/mlp.h"
#include "engine/nn/self_attention.h"

namespace mobileclip {

/// x * weight + bias, channel by channel: MobileBERT's NoNorm.
class NoNorm {
 public:
  NoNorm(std::span<const float> weight, std::span<const float> bias);
  /// y may be x.
  void forward(const Context& context, Blocked x, Blocked y) const;

 private:
  // Zeros in what fills the last block up.
  AlignedBuffer weight_;
  AlignedBuffer bias_;
};

class MobileBertEncoder final : public TokenEncoder {
 public:
  MobileBertEncoder(const MobileBertConfig& config, const TowerWeights& weights, TowerArithmetic arithmetic,
                    int max_tokens);

  [[nodiscard]] std::unique_ptr<TokenActivations> make_activations(int max_rows) const override;
  [[nodiscard]] std::size_t scratch_per_worker() const override;
  Blocked forward(const Context& context, TokenActivations& activations, const TokenBatch& batch,
                  const StageObserver& observe) const override;

 private:
  using Norm = std::variant<LayerNorm, NoNorm>;
  /// norm(dense(x)), perhaps with a residual between.
  struct NormedLinear {
    Linear dense;
    Norm norm;
    void forward(const Context& context, Blocked x, Blocked y, const float* residual = nullptr) const;
  };
  /// norm(x + down(act(up(x))))
  struct FeedForward {
    Mlp mlp;
    Norm norm;
  };
  struct Layer {
    std::optional<NormedLinear> input_bottleneck;      // to the layer's width
    std::optional<NormedLinear> attention_bottleneck;  // for queries and keys
    Linear query, key, value;
    NormedLinear attention_output;
    std::vector<FeedForward> feed_forward;
    std::optional<NormedLinear> output_bottleneck;  // and back
  };
  struct Activations;

  [[nodiscard]] Norm read_norm(const WeightScope& w, float eps) const;
  [[nodiscard]] Layer build_layer(const WeightScope& w, TowerArithmetic arithmetic) const;
  [[nodiscard]] SelfAttentionShape attention_shape(std::span<const int> row_begins) const;
  void embed(const Context& context, Activations& a, const TokenBatch& batch, Blocked x) const;
  /// x → x
  void layer_forward(const Context& context, const Layer& layer, Activations& a, const TokenBatch& batch,
                     Blocked x) const;
  [[nodiscard]] Channels hidden_channels() const { return {.size = config_.hidden_size}; }
  [[nodiscard]] Channels inner_channels() const { return {.size = config_.inner_size()}; }
  [[nodiscard]] Channels head_channels() const {
    return {.groups = config_.heads, .size = config_.inner_size() / config_.heads};
  }

  MobileBertConfig config_;
  int max_tokens_;
  TextEmbeddings embeddings_;
  std::optional<Linear> embedding_transformation_;
  Norm embeddings_norm_;
  std::vector<Layer> layers_;
};

}  // namespace mobileclip
