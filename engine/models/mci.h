// The FastViT MCi image towers (timm fastvit.py::FastVit) in fused form.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/models/config.h"
#include "engine/models/image_encoder.h"
#include "engine/models/model_directory.h"
#include "engine/nn/attention.h"
#include "engine/nn/depthwise_conv2d.h"
#include "engine/nn/layer_norm.h"
#include "engine/nn/mlp.h"
#include "engine/nn/squeeze_excite.h"
#include "engine/nn/stem_conv2d.h"

namespace mobileclip {

// The tower's parts, as timm names them, with what can be folded folded.
namespace mci {

struct Stem {  // timm fastvit.py::convolutional_stem
  StemConv2d conv;
  DepthwiseConv2d depthwise;
  Linear pointwise;
};
struct Downsample {  // PatchEmbed: ReparamLargeKernelConv, then a 1x1 MobileOneBlock
  DepthwiseConv2d large_conv;
  std::optional<SqueezeExcite> se;
  Linear proj;
};
struct ConvMlp {
  DepthwiseConv2d conv;
  Mlp mlp;
};
struct RepMixerBlock {
  DepthwiseConv2d token_mixer;
  ConvMlp mlp;
};
struct AttentionBlock {
  std::optional<LayerNorm> norm;  // BatchNorm is folded into qkv
  Linear qkv;
  Linear proj;
  ConvMlp mlp;
};
struct Stage {
  std::optional<Downsample> downsample;
  std::optional<DepthwiseConv2d> pos_emb;
  std::vector<std::variant<RepMixerBlock, AttentionBlock>> blocks;
  int dim;
};
struct FinalConv {
  DepthwiseConv2d conv;
  SqueezeExcite se;
};

}  // namespace mci

/// Floats that a forward pass needs in each of its buffers.
struct MciSizes {
  std::size_t x = 0;
  std::size_t map = 0;
  std::size_t qkv = 0;
  std::size_t hidden = 0;
  std::size_t gate = 0;
  std::size_t scratch_per_worker = 0;
};

/// The feature maps of one forward pass, allocated once; one image at a time.
struct MciActivations {
  AlignedBuffer x;      ///< a block's input and output
  AlignedBuffer mixed;  ///< after the token mixer
  AlignedBuffer conv;   ///< after a norm, or ConvMlp's depthwise convolution
  AlignedBuffer qkv;
  AlignedBuffer hidden;  ///< between fc1 and fc2, for small maps
  AlignedBuffer gate;    ///< of a squeeze-excite
};

/// Immutable after construction; forward() may run from any number of threads, each with its own activations.
class MciEncoder {
 public:
  using Input = ImageEncoderInput;
  /// Packs copies of `weights`, which must be complete. `arithmetic` is that of the pointwise layers and attention's
  /// projections, nine tenths of the work; stem, depthwise, squeeze-excite and head stay in float32.
  MciEncoder(const MciConfig& config, int embed_dim, const Input& input, const TowerWeights& weights,
             TowerArithmetic arithmetic = {});

  [[nodiscard]] MciActivations make_activations() const;
  [[nodiscard]] std::size_t scratch_per_worker() const { return sizes_.scratch_per_worker; }

  /// Told the output of each stage as it is made: "stem", "stages.0", …, and "final_conv", whose channels come in our
  /// order (DepthwiseConv2d::checkpoint_channel).
  using StageObserver = std::function<void(std::string_view stage, FeatureMap output)>;

  /// rgb [image_size, image_size, 3] → embedding [embed_dim], not normalised.
  void forward(const Context& context, MciActivations& activations, std::span<const std::uint8_t> rgb,
               std::span<float> embedding, const StageObserver& observe = {}) const;

  [[nodiscard]] int embed_dim() const { return head_.out_channels(); }
  [[nodiscard]] int image_size() const { return image_size_; }

 private:
  [[nodiscard]] MciSizes measure() const;

  int image_size_;
  mci::Stem stem_;
  std::vector<mci::Stage> stages_;
  mci::FinalConv final_conv_;
  Linear head_;
  MciSizes sizes_;
};

}  // namespace mobileclip
