// Scaled dot-product attention, softmax(q kᵀ) v, head by head, over queries that already carry their 1 / sqrt(d).
#pragma once

#include <span>

#include "engine/nn/linear.h"

namespace mobileclip {

struct AttentionShape {
  int heads;
  int head_dim;   ///< a multiple of 16
  int sequences;  ///< independent sequences that lie one after the other in the rows
  int tokens;     ///< keys and values a sequence; of the longest where `row_begins` is given
  int queries;    ///< queries a sequence: `tokens`, or fewer where only some outputs are wanted
  bool causal = false;
  /// Where each sequence's keys and values begin, and behind the last one where they end: [sequences + 1] rows. Empty
  /// where each has `tokens` of them. With `queries` equal to `tokens` a sequence has as many queries as keys, in the
  /// same rows.
  std::span<const int> row_begins = {};
  /// The position of each sequence's first query, one a sequence, where they are not its first tokens; only a causal
  /// mask asks for it.
  std::span<const int> first_positions = {};
};

/// q and y are [heads * head_dim][sequences * queries], k and v [heads * head_dim][sequences * tokens]; with `row_begins`
/// fewer rows, since none are padding. y may be q. A sequence gives the same bits whatever lies beside it.
void attention(const Context& context, const AttentionShape& shape, Blocked q, Blocked k, Blocked v, Blocked y);

/// Floats of scratch a worker needs for it.
std::size_t attention_scratch_per_worker(const AttentionShape& shape);

}  // namespace mobileclip
