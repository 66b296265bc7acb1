// Linear layers between activations whose channels do not fill blocks of 16: widths like 312 or 30, heads of 24 or 88.
#pragma once

#include <span>

#include "engine/models/folding.h"
#include "engine/models/weight_scope.h"
#include "engine/nn/linear.h"

namespace mobileclip {

/// A model's channels as they lie in an activation: `groups` (heads, halves, taps) of `size`, each of which takes a
/// multiple of 16. What fills them up is zero.
struct Channels {
  int groups = 1;
  int size;

  [[nodiscard]] int padded_size() const { return (size + kChannelBlock - 1) / kChannelBlock * kChannelBlock; }
  [[nodiscard]] int padded() const { return groups * padded_size(); }
  [[nodiscard]] int count() const { return groups * size; }
  [[nodiscard]] bool is_padded() const { return padded() != count(); }
  /// Where channel `index` of the model lies.
  [[nodiscard]] int position(int index) const { return index / size * padded_size() + index % size; }
};

/// `weight` is row-major [out.count(), in.count()]; `bias` is [out.count()] or empty.
Linear padded_linear(std::span<const float> weight, std::span<const float> bias, Channels out, Channels in,
                     Arithmetic arithmetic);

/// A quantised weight stays packed where nothing is padded, and is restored where something is.
Linear padded_packed(const FoldedLayer& layer, Channels out, Channels in, Arithmetic arithmetic);

/// `scope`'s "weight" and, where it has one, "bias".
Linear read_padded_linear(const WeightScope& scope, Channels out, Channels in, Arithmetic arithmetic);

}  // namespace mobileclip
