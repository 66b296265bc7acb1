// The ViT image towers with a class token (timm vision_transformer.py, open_clip transformer.py::VisionTransformer):
// MobileCLIP2-B's and -L-14's, OpenAI's and LAION's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/models/config.h"
#include "engine/models/image_encoder.h"
#include "engine/models/pre_norm_transformer.h"
#include "engine/models/weight_scope.h"
#include "engine/nn/patch_conv2d.h"

namespace mobileclip {

/// The buffers of one forward pass, allocated once; one image at a time.
struct VitActivations {
  TransformerActivations transformer;
  std::array<AlignedBuffer, 2> stem;  ///< feature maps of a convolutional stem, in turn
};

/// Immutable after construction; forward() may run from any number of threads, each with its own activations.
class VitEncoder {
 public:
  using Input = ImageEncoderInput;
  /// Packs copies of `weights`, which must be complete. `arithmetic` is that of the transformer's linear layers; patch
  /// embedding and head stay in float32.
  VitEncoder(const VitConfig& config, int embed_dim, const Input& input, const TowerWeights& weights,
             TowerArithmetic arithmetic = {});

  [[nodiscard]] VitActivations make_activations() const;
  [[nodiscard]] std::size_t scratch_per_worker() const;

  /// rgb [image_size, image_size, 3] → embedding [embed_dim], not normalised.
  void forward(const Context& context, VitActivations& activations, std::span<const std::uint8_t> rgb,
               std::span<float> embedding) const;

  [[nodiscard]] int embed_dim() const { return head_.out_channels(); }
  [[nodiscard]] int image_size() const { return image_size_; }

 private:
  struct Names;
  VitEncoder(const VitConfig& config, int embed_dim, const Input& input, const WeightScope& weights, const Names& names,
             TowerArithmetic arithmetic);

  [[nodiscard]] int tokens() const { return 1 + patches_ * patches_; }
  /// The patches' rows, with their positions added.
  void embed_patches(const Context& context, VitActivations& activations, std::span<const std::uint8_t> rgb,
                     Blocked x) const;

  int image_size_;
  int patches_;  // a side
  RgbNormalization normalization_;
  std::vector<PatchConv2d> patch_embed_;  // the steps of a convolutional stem, else one
  AlignedBuffer positions_;               // [width][tokens]; the class token's row holds its embedding, too
  std::optional<LayerNorm> pre_norm_;
  PreNormTransformer transformer_;
  LayerNorm norm_;
  Linear head_;
};

}  // namespace mobileclip
