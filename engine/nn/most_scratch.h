// The scratch that layers need which run one after the other: what the hungriest of them does.
#pragma once

#include <algorithm>
#include <cstddef>

namespace mobileclip {

template <typename Layer>
std::size_t scratch_of(const Layer& layer) {
  if constexpr (requires { layer.scratch_per_worker(); }) {
    return layer.scratch_per_worker();
  } else {
    return layer ? layer->scratch_per_worker() : 0;  // one that a model may lack
  }
}

/// Floats a worker, at least `floats`. Each layer is asked: they need not have one arithmetic, nor one form of weights.
template <typename... Layers>
std::size_t most_scratch(std::size_t floats, const Layers&... layers) {
  return std::max({floats, scratch_of(layers)...});
}

}  // namespace mobileclip
