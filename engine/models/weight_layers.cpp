#include "engine/models/weight_layers.h"

namespace mobileclip {

Linear read_linear(const WeightScope& scope, int out, int in, Arithmetic arithmetic) {
  return {out, in, scope("weight"), scope("bias"), arithmetic};
}

LayerNorm read_layer_norm(const WeightScope& scope) { return {scope("weight"), scope("bias")}; }

}  // namespace mobileclip
