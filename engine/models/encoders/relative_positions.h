// What relative positions add to attention's scores: MPNet's bias, DeBERTa's disentangled attention.
#pragma once

#include <span>
#include <vector>

#include "engine/models/encoders/encoder_config.h"
#include "engine/models/weight_scope.h"
#include "engine/nn/self_attention.h"

namespace mobileclip {

/// MPNet's and T5's bucket of a distance, query - key: half of them for keys to the left and half for keys to the
/// right, each exact up to a half of it and then logarithmic up to a distance of 128.
int mpnet_bucket(int distance, int buckets);

/// DeBERTa v2's: the distance itself up to buckets / 2, then logarithmic up to `furthest`, with its sign.
int deberta_bucket(int distance, int buckets, int furthest);

/// MPNet: one value a bucket and head.
class RelativeBias final : public ScoreBias {
 public:
  /// `weight` is [buckets, heads].
  RelativeBias(const RelativeBiasAttention& config, int heads, std::span<const float> weight, int max_tokens);

  void fill(const kernels::Kernels& kernels, const ScoreTile& tile, float* scratch) const override;
  [[nodiscard]] std::size_t scratch_floats(int /*queries*/, int /*keys*/) const override { return 0; }

 private:
  int max_tokens_;
  std::vector<float> bias_;  // [heads][key - query, from 1 - max_tokens on]
};

/// DeBERTa: scores between a query and the key's relative position, and between a key and the query's.
class DisentangledScores final : public ScoreBias {
 public:
  struct Sizes {
    int heads;
    int head_dim;  ///< the model's own
    float scale;   ///< of all kinds of scores
    int max_tokens;
  };
  /// `table` is row-major [2 * span, heads * head_dim], after its norm if it has one; `self` is the scope of a layer's
  /// attention.self.
  DisentangledScores(const DisentangledAttention& config, const Sizes& sizes, std::span<const float> table,
                     const WeightScope& self);

  void fill(const kernels::Kernels& kernels, const ScoreTile& tile, float* scratch) const override;
  [[nodiscard]] std::size_t scratch_floats(int queries, int keys) const override;

 private:
  [[nodiscard]] int row_of(int key, int query) const;

  int head_dim_;    // as it lies in the rows
  int table_rows_;  // 2 * span
  int max_tokens_;
  std::vector<int> row_of_;  // [key - query, from 1 - max_tokens on]: the table's row
  // Scaled, packed as gemm wants b: [heads][table rows / 16][head_dim][16]. Empty where there are no such scores.
  AlignedBuffer position_keys_;
  AlignedBuffer position_queries_;
};

}  // namespace mobileclip
