// Layers that a checkpoint holds as they run, read by their names. Quantised weights stay as they are.
#pragma once

#include "engine/models/folding.h"
#include "engine/models/weight_scope.h"
#include "engine/nn/layer_norm.h"
#include "engine/nn/linear.h"

namespace mobileclip {

/// `scope`'s "weight" [out, in] and, where the model has one, "bias" [out].
Linear read_linear(const WeightScope& scope, int out, int in, Arithmetic arithmetic);

/// The two tensors, for what is to be folded into them before they are packed.
FoldedLayer read_layer(const WeightScope& scope, std::string_view weight, std::string_view bias);
/// `layer`'s weight is [out, in].
Linear packed(const FoldedLayer& layer, int out, int in, Arithmetic arithmetic);

/// `scope`'s `leaf`, stored [in, out] and used as x @ W, without bias; in float32.
Linear read_projection(const WeightScope& scope, std::string_view leaf, int out, int in);

/// `scope`'s "weight" and, where the model has one, "bias".
LayerNorm read_layer_norm(const WeightScope& scope, float eps = LayerNorm::kEps);

}  // namespace mobileclip
