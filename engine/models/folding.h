// What of a fused checkpoint is still constant arithmetic at inference, folded into its neighbours at load: BatchNorm,
// layer scale, attention's 1 / sqrt(d), the channel order of depthwise multipliers. In double, rounded once.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/models/weight_scope.h"

namespace mobileclip {

/// A layer's weight, row-major with its outputs outermost, and bias.
struct FoldedLayer {
  std::vector<float> weight;
  std::vector<float> bias;
  std::optional<AffineMatrix> quantized = std::nullopt;  ///< instead of `weight`: it stays as it is
};

/// y = x * scale + shift, channel by channel.
struct Affine {
  std::vector<double> scale;
  std::vector<double> shift;
};

/// torch.nn.BatchNorm2d in inference, eps 1e-5 added as there: real checkpoints have variances far below it.
Affine batch_norm_affine(const WeightScope& norm);

/// `weight` followed by `after`.
FoldedLayer fold_after(std::span<const float> weight, std::span<const float> bias, const Affine& after);

/// `before`, then the linear layer `weight` [out, in] without bias. Exact for 1x1 layers only: padding is not affine.
FoldedLayer fold_before(const Affine& before, std::span<const float> weight, std::size_t out);

/// Multiplies outputs [0, count) by `factor`: of a quantised weight, their scales and biases.
void scale_outputs(FoldedLayer& layer, std::size_t count, double factor);

/// Moves the values' share of attention's input bias, its last third, through attention into the output projection's
/// bias: the weights of a softmax sum to 1, so that a constant added to every value comes out as it went in. What is
/// left between the two layers is smaller, and so rounds better.
void move_value_bias(FoldedLayer& in_proj, FoldedLayer& out_proj);

/// timm's LayerScale: `gamma` as an Affine without shift.
Affine layer_scale_affine(std::span<const float> gamma);

/// Reorders the inputs of [out, in] so that input `ours` of the result is the checkpoint's `order[ours]`.
std::vector<float> reorder_inputs(std::span<const float> weight, std::span<const int> order);
/// The same for outputs: of a weight's rows, or of a bias.
std::vector<float> reorder_outputs(std::span<const float> weight, std::span<const int> order);

}  // namespace mobileclip
