// Scaled dot-product attention, softmax(q kᵀ) v, head by head, over queries that already carry their 1 / sqrt(d).
#pragma once

#include <span>

#include "engine/nn/linear.h"

namespace mobileclip {

struct AttentionShape {
  int heads;
  int head_dim;   ///< a multiple of 16
  int sequences;  ///< independent sequences that lie one after the other in the rows
  int tokens;     ///< keys and values a sequence
  int queries;    ///< queries a sequence: `tokens`, or fewer where only some outputs are wanted
  bool causal = false;
  /// The position of each sequence's first query, one a sequence, where they are not its first tokens; only a causal
  /// mask asks for it.
  std::span<const int> first_positions = {};
};

/// q and y are [heads * head_dim][sequences * queries], k and v [heads * head_dim][sequences * tokens].
void attention(const Context& context, const AttentionShape& shape, Blocked q, Blocked k, Blocked v, Blocked y);

/// Floats of scratch a worker needs for it.
std::size_t attention_scratch_per_worker(const AttentionShape& shape);

}  // namespace mobileclip
