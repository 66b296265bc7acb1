// Rotary position embedding (Su et al., RoFormer): element i of a head turns with element i + d/2, as Hugging Face's
// models have it (not with i + 1).
#pragma once

#include <span>

#include "engine/nn/linear.h"

namespace mobileclip {

class RotaryEmbedding {
 public:
  /// `head_dim` is the model's own; in the rows each head takes it up to a multiple of 16.
  RotaryEmbedding(int heads, int head_dim, double theta, int max_tokens);

  /// In place over x [heads * padded head_dim][rows], each sequence from position 0 on. row_begins as in
  /// SelfAttentionShape.
  void forward(const Context& context, std::span<const int> row_begins, Blocked x) const;

 private:
  int heads_;
  int head_dim_;
  AlignedBuffer cos_;  // [max_tokens][head_dim / 2]
  AlignedBuffer sin_;
};

}  // namespace mobileclip
