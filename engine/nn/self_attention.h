// Attention of sequences to themselves, softmax(scale q kᵀ + bias) v, head by head, without padding: each sequence has
// the rows that it is long. Queries go in tiles, so that a sequence of thousands of tokens needs no square of scores.
#pragma once

#include <climits>
#include <span>

#include "engine/nn/linear.h"

namespace mobileclip {

/// The scores of one head for a tile of a sequence's queries and the keys they see.
struct ScoreTile {
  int head;
  Blocked queries;  ///< all of q [heads * head_dim][rows], and
  Blocked keys;     ///< of k
  int row_begin;    ///< where the sequence begins in them
  int query_begin;  ///< positions in the sequence
  int query_count;
  int key_begin;
  int key_count;
  float* scores;  ///< [ceil(key_count / 16)][query_count][16]

  /// Where the row of 16 keys from key_begin + 16 * block on lies for the query_begin + query-th query.
  [[nodiscard]] float* row(int block, int query) const {
    return scores +
           (static_cast<std::size_t>(block) * static_cast<std::size_t>(query_count) + static_cast<std::size_t>(query)) *
               kChannelBlock;
  }
};

/// What a model adds to its scaled scores, by the positions of query and key. Immutable.
class ScoreBias {
 public:
  virtual ~ScoreBias() = default;
  /// Writes the tile's biases to its scores. `scratch` is room for scratch_floats(). On the calling thread.
  virtual void fill(const kernels::Kernels& kernels, const ScoreTile& tile, float* scratch) const = 0;
  /// For tiles of at most so many queries and keys.
  [[nodiscard]] virtual std::size_t scratch_floats(int queries, int keys) const = 0;
};

struct SelfAttentionShape {
  int heads;
  int head_dim;  ///< as it lies in the rows: a multiple of 16
  float scale;   ///< of q kᵀ: 1 / sqrt(d), of the model's own d
  /// Where each sequence begins, and behind the last one where it ends.
  std::span<const int> row_begins;
  int window = INT_MAX;             ///< keys at most so far away on either side are seen
  const ScoreBias* bias = nullptr;  ///< not together with a window
};

/// All are [heads * head_dim][rows]; y may be q. A sequence has the same bits whatever lies beside it.
void self_attention(const Context& context, const SelfAttentionShape& shape, Blocked q, Blocked k, Blocked v,
                    Blocked y);

/// Floats of scratch a worker needs for sequences of up to `max_tokens`.
std::size_t self_attention_scratch_per_worker(const SelfAttentionShape& shape, int max_tokens);

}  // namespace mobileclip
