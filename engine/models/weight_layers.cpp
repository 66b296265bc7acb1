#include "engine/models/weight_layers.h"

namespace mobileclip {

namespace {

std::span<const float> bias_of(const WeightScope& scope) {
  return scope.has("bias") ? scope("bias") : std::span<const float>();
}

}  // namespace

Linear read_linear(const WeightScope& scope, int out, int in, Arithmetic arithmetic) {
  return {out, in, scope("weight"), bias_of(scope), arithmetic};
}

LayerNorm read_layer_norm(const WeightScope& scope, float eps) { return {scope("weight"), bias_of(scope), eps}; }

}  // namespace mobileclip
