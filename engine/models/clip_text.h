// The CLIP text transformer (open_clip transformer.py::TextTransformer), without padding mask, with or without causal
// mask, pooled at <end_of_text>.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/models/config.h"
#include "engine/models/embedding_table.h"
#include "engine/models/model_directory.h"
#include "engine/models/pre_norm_transformer.h"

namespace mobileclip {

/// The buffers of one forward pass over up to `max_texts` texts, allocated once.
struct ClipTextActivations {
  int max_texts = 0;
  TransformerActivations transformer;
  std::vector<int> row_begins;  ///< of the texts in the transformer's rows
  std::vector<int> pooled_positions;
  AlignedBuffer embedding;
};

/// Immutable after construction; forward() may run from any number of threads, each with its own activations.
class ClipTextEncoder {
 public:
  /// Packs copies of `weights`, which must be complete.
  /// `arithmetic` is that of the transformer's linear layers; the projection stays in float32. Sensitive are every
  /// block's out_proj and all of the first quarter of the blocks: in int8 they cost the nearest neighbours most (docs/
  /// precision.md).
  ClipTextEncoder(const TextConfig& config, int embed_dim, const TowerWeights& weights,
                  TowerArithmetic arithmetic = {});

  [[nodiscard]] ClipTextActivations make_activations(int max_texts) const;
  [[nodiscard]] std::size_t scratch_per_worker() const;

  /// Told the residual stream after each block but the last ("resblocks.0", …), of whose rows only the pooled are made.
  using StageObserver = std::function<void(std::string_view stage, Blocked output)>;

  /// A text is its ids, unpadded, ending in <end_of_text>: 1 to context_length of them, each below vocab_size; it is
  /// pooled at its last. embeddings [texts, embed_dim], not normalised.
  void forward(const Context& context, ClipTextActivations& activations,
               std::span<const std::span<const std::int32_t>> texts, std::span<float> embeddings,
               const StageObserver& observe = {}) const;

  [[nodiscard]] int embed_dim() const { return text_projection_.out_channels(); }
  [[nodiscard]] int context_length() const { return config_.context_length; }
  [[nodiscard]] int vocab_size() const { return config_.vocab_size; }

 private:
  [[nodiscard]] std::size_t rows_of(std::span<const std::int32_t> text) const;
  void embed(std::span<const std::int32_t> text, Blocked x, int first_row, int rows) const;

  TextConfig config_;
  EmbeddingTable token_embedding_;      // [vocab_size, width]
  AlignedBuffer positional_embedding_;  // [context_length][width]
  PreNormTransformer transformer_;
  LayerNorm ln_final_;
  Linear text_projection_;
};

}  // namespace mobileclip
