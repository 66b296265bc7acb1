// A transformer from token ids to a state a token, before anything is pooled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "engine/models/encoders/encoder_config.h"
#include "engine/models/model_directory.h"
#include "engine/nn/context.h"
#include "engine/nn/precision.h"
#include "engine/tensor/blocked.h"

namespace mobileclip {

/// Texts one after the other; no row is padding.
struct TokenBatch {
  std::span<const std::int32_t> ids;         ///< [rows], each below vocab_size
  std::span<const std::int32_t> types = {};  ///< [rows], or empty: all 0
  std::span<const int> row_begins;           ///< [texts + 1]: where each text begins, and where the last ends

  [[nodiscard]] int rows() const { return row_begins.back(); }
};

/// The buffers of one forward pass; only the encoder that made them knows what is in them.
class TokenActivations {
 public:
  TokenActivations() = default;
  TokenActivations(const TokenActivations&) = delete;
  TokenActivations& operator=(const TokenActivations&) = delete;
  virtual ~TokenActivations() = default;
};

/// Immutable after construction; forward() may run from any number of threads, each with its own activations. A text's
/// states have the same bits whatever lies beside it.
class TokenEncoder {
 public:
  virtual ~TokenEncoder() = default;

  [[nodiscard]] virtual std::unique_ptr<TokenActivations> make_activations(int max_rows) const = 0;
  /// Floats of Context::scratch that a worker needs.
  [[nodiscard]] virtual std::size_t scratch_per_worker() const = 0;

  /// Told the states of all tokens after the embeddings and after each layer.
  using StageObserver = std::function<void(Blocked states)>;

  /// Token states [hidden_size, filled up with zeros to a multiple of 16][rows], in `activations`.
  virtual Blocked forward(const Context& context, TokenActivations& activations, const TokenBatch& batch,
                          const StageObserver& observe) const = 0;
};

/// Packs copies of `weights`, which must be complete (encoder_tensors.h), for texts of up to `max_tokens`. Sensitive
/// are what attention writes to the residual stream and all of the first quarter of the layers (docs/precision.md).
std::unique_ptr<const TokenEncoder> make_token_encoder(const EncoderConfig& config, const TowerWeights& weights,
                                                       TowerArithmetic arithmetic, int max_tokens);

}  // namespace mobileclip
