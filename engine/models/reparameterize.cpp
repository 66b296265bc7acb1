#include "engine/models/reparameterize.h"

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/models/tensor_table.h"

namespace mobileclip {
namespace {

constexpr double kBatchNormEps = 1e-5;

/// A convolution with bias in double, weights (out, in/groups, kernel, kernel).
struct FusedConv {
  std::size_t out;
  std::size_t in_per_group;
  std::size_t kernel;
  std::vector<double> weight = std::vector<double>(out * in_per_group * kernel * kernel, 0.0);
  std::vector<double> bias = std::vector<double>(out, 0.0);

  [[nodiscard]] std::size_t centre() const { return kernel / 2 * kernel + kernel / 2; }
  double& tap(std::size_t o, std::size_t i, std::size_t pixel) {
    return weight[(o * in_per_group + i) * kernel * kernel + pixel];
  }
};

/// BatchNorm at inference: y = scale * x + shift.
struct BatchNormAffine {
  std::vector<double> scale;
  std::vector<double> shift;
};

class Fuser {
 public:
  explicit Fuser(const TowerWeights& train) : train_(train) {}

  /// `prefix` ends where the fused table says "reparam_conv."; `shape` is the fused weight's.
  FusedConv fuse(const std::string& prefix, const Shape& shape) const {
    FusedConv conv{.out = static_cast<std::size_t>(shape[0]),
                   .in_per_group = static_cast<std::size_t>(shape[1]),
                   .kernel = static_cast<std::size_t>(shape[2])};
    if (prefix.ends_with("pos_emb.")) {
      fuse_positional_encoding(prefix, conv);
    } else if (prefix.ends_with("token_mixer.")) {
      fuse_rep_mixer(prefix, conv);
    } else if (has(prefix + "large_conv.conv.weight")) {
      fuse_large_kernel(prefix, conv);
    } else {
      fuse_mobileone(prefix, conv);
    }
    return conv;
  }

 private:
  // timm fastvit.py::MobileOneBlock.reparameterize: the sum of its branches.
  void fuse_mobileone(const std::string& p, FusedConv& conv) const {
    if (has(p + "conv_kxk.0.conv.weight")) add_conv_bn(p + "conv_kxk.0.", conv);
    if (has(p + "conv_scale.conv.weight")) add_conv_bn(p + "conv_scale.", conv);
    if (has(p + "identity.weight")) add_identity(batch_norm(p + "identity."), conv);
  }

  // ReparamLargeKernelConv.reparameterize: the small kernel in the large one's middle.
  void fuse_large_kernel(const std::string& p, FusedConv& conv) const {
    add_conv_bn(p + "large_conv.", conv);
    add_conv_bn(p + "small_conv.", conv);
  }

  // RepMixer.reparameterize: x + gamma * (mixer(x) - norm(x)).
  void fuse_rep_mixer(const std::string& p, FusedConv& conv) const {
    fuse_mobileone(p + "mixer.", conv);
    FusedConv norm{.out = conv.out, .in_per_group = conv.in_per_group, .kernel = conv.kernel};
    fuse_mobileone(p + "norm.", norm);
    const auto gamma = values(p + "layer_scale.gamma");
    const std::size_t taps = conv.weight.size() / conv.out;
    for (std::size_t o = 0; o < conv.out; ++o) {
      for (std::size_t t = o * taps; t < (o + 1) * taps; ++t)
        conv.weight[t] = gamma[o] * (conv.weight[t] - norm.weight[t]);
      conv.bias[o] = gamma[o] * (conv.bias[o] - norm.bias[o]);
      conv.tap(o, 0, conv.centre()) += 1.0;
    }
  }

  // RepConditionalPosEnc.reparameterize: x + conv(x), no norm.
  void fuse_positional_encoding(const std::string& p, FusedConv& conv) const {
    const auto weight = values(p + "pos_enc.weight");
    const auto bias = values(p + "pos_enc.bias");
    conv.weight.assign(weight.begin(), weight.end());
    conv.bias.assign(bias.begin(), bias.end());
    for (std::size_t o = 0; o < conv.out; ++o) conv.tap(o, 0, conv.centre()) += 1.0;
  }

  /// Adds a convolution and its norm, the kernel padded with zeros to `conv`'s.
  void add_conv_bn(const std::string& p, FusedConv& conv) const {
    const FloatTensor& weight = train_.at(p + "conv.weight");  // [out, in/groups, k, k]
    const auto kernel = static_cast<std::size_t>(weight.shape[2]);
    const std::size_t margin = (conv.kernel - kernel) / 2;
    const BatchNormAffine bn = batch_norm(p + "bn.");
    const float* value = weight.values.data();
    for (std::size_t o = 0; o < conv.out; ++o) {
      for (std::size_t i = 0; i < conv.in_per_group; ++i) {
        for (std::size_t y = 0; y < kernel; ++y) {
          for (std::size_t x = 0; x < kernel; ++x) {
            conv.tap(o, i, (y + margin) * conv.kernel + x + margin) += bn.scale[o] * static_cast<double>(*value++);
          }
        }
      }
      conv.bias[o] += bn.shift[o];
    }
  }

  /// The norm alone: channel o of the output takes channel o of the input, which is the (o mod in/groups)th of its
  /// group.
  static void add_identity(const BatchNormAffine& bn, FusedConv& conv) {
    for (std::size_t o = 0; o < conv.out; ++o) {
      conv.tap(o, o % conv.in_per_group, conv.centre()) += bn.scale[o];
      conv.bias[o] += bn.shift[o];
    }
  }

  BatchNormAffine batch_norm(const std::string& p) const {
    const auto gamma = values(p + "weight");
    const auto beta = values(p + "bias");
    const auto mean = values(p + "running_mean");
    const auto variance = values(p + "running_var");
    BatchNormAffine bn;
    for (std::size_t c = 0; c < gamma.size(); ++c) {
      const double scale = gamma[c] / std::sqrt(static_cast<double>(variance[c]) + kBatchNormEps);
      bn.scale.push_back(scale);
      bn.shift.push_back(beta[c] - mean[c] * scale);
    }
    return bn;
  }

  bool has(const std::string& name) const { return train_.contains(name); }
  std::span<const float> values(const std::string& name) const { return train_.at(name).values; }

  const TowerWeights& train_;
};

FloatTensor rounded(const std::vector<double>& values, const Shape& shape) {
  return owned_tensor(shape, std::vector<float>(values.begin(), values.end()));
}

}  // namespace

TowerWeights fuse_image_tower(const TowerWeights& train, const MciConfig& config, int embed_dim) {
  constexpr std::string_view kWeight = "reparam_conv.weight";
  const TensorTable table = image_tensors(config, embed_dim, ImageForm::kFused);
  const Fuser fuser(train);
  TowerWeights fused;
  for (const auto& [name, shape] : table) {
    if (name.ends_with("reparam_conv.bias")) continue;  // made with its weight
    if (!name.ends_with(kWeight)) {
      fused.emplace(name, train.at(name));  // the same tensor in both forms
      continue;
    }
    const std::string prefix = name.substr(0, name.size() - kWeight.size());
    const FusedConv conv = fuser.fuse(prefix, shape);
    const std::string bias_name = prefix + "reparam_conv.bias";
    fused.emplace(name, rounded(conv.weight, shape));
    fused.emplace(bias_name, rounded(conv.bias, table.at(bias_name)));
  }
  return fused;
}

}  // namespace mobileclip
