// The transformer of CLIP's text towers and ViT image towers (open_clip transformer.py::Transformer, timm
// vision_transformer.py::Block): norm before attention and before the MLP, and one row of each sequence wanted.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/models/block_names.h"
#include "engine/models/padded_linear.h"
#include "engine/models/weight_scope.h"
#include "engine/nn/attention.h"
#include "engine/nn/layer_norm.h"
#include "engine/nn/linear.h"
#include "engine/nn/precision.h"

namespace mobileclip {

struct TransformerShape {
  int width;  ///< a multiple of 16, and of `heads`
  int heads;
  int layers;
  int mlp_width;  ///< between c_fc and c_proj, a multiple of 16
  Activation activation = Activation::kGelu;
  float layer_norm_eps = LayerNorm::kEps;
  bool causal = false;
  /// The first so many blocks are computed in the sensitive arithmetic.
  int sensitive_layers = 0;

  /// What attention reads and writes: a head of each of `groups` (q, k and v, or one of them), filled up with zeros to
  /// a multiple of 16 channels, which change no product.
  [[nodiscard]] Channels head_channels(int groups = 1) const {
    return {.groups = groups * heads, .size = width / heads};
  }
};

/// Sequences one after the other in the rows of an activation, and the one row of each that is wanted.
struct PooledSequences {
  std::span<const int> row_begins;  ///< [sequences + 1]: where each begins, and where the last ends
  std::span<const int> positions;   ///< [sequences]: of the wanted row in its sequence

  [[nodiscard]] int count() const { return static_cast<int>(positions.size()); }
  [[nodiscard]] int rows() const { return row_begins.back(); }
};

/// The buffers of one forward pass, allocated once.
struct TransformerActivations {
  AlignedBuffer x;       ///< the residual stream
  AlignedBuffer normed;  ///< after a norm
  AlignedBuffer qkv;     ///< then the attention's output, in place of q
  AlignedBuffer hidden;  ///< between c_fc and c_proj
  AlignedBuffer pooled;  ///< the last block's wanted rows
  AlignedBuffer pooled_normed;
  AlignedBuffer pooled_query;  ///< then the attention's output
};

/// Immutable after construction; forward() may run from any number of threads, each with its own activations.
class PreNormTransformer {
 public:
  /// Packs copies of the weights of `blocks` / 0, `blocks` / 1, …
  PreNormTransformer(const TransformerShape& shape, const BlockNames& names, const WeightScope& blocks,
                     TowerArithmetic arithmetic);

  [[nodiscard]] TransformerActivations make_activations(int max_rows, int max_sequences) const;
  /// For sequences of up to `max_tokens`.
  [[nodiscard]] std::size_t scratch_per_worker(int max_tokens) const;

  /// Where the caller writes what goes in: [width][rows].
  [[nodiscard]] Blocked input(TransformerActivations& activations, int rows) const;

  /// Told the residual stream after each block but the last, of whose rows only the wanted are made.
  using BlockObserver = std::function<void(int block, Blocked output)>;

  /// From input() to the wanted rows, [width][sequences] in `activations`. A sequence's row has the same bits whatever
  /// lies beside it.
  Blocked forward(const Context& context, TransformerActivations& activations, const PooledSequences& sequences,
                  const BlockObserver& observe = {}) const;

  [[nodiscard]] const TransformerShape& shape() const { return shape_; }

 private:
  struct Block {
    LayerNorm ln_1;
    Linear in_proj;  // queries carry 1 / sqrt(head_dim)
    Linear out_proj;
    LayerNorm ln_2;
    Linear c_fc;
    Linear c_proj;
  };
  class Pass;

  static Block build_block(const TransformerShape& shape, const BlockNames& names, const WeightScope& w,
                           TowerArithmetic arithmetic);

  TransformerShape shape_;
  std::vector<Block> blocks_;
};

}  // namespace mobileclip
