// Branches against their fused convolution, both evaluated by the plainest convolution there is, in double.
#include "engine/models/reparameterize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "engine/models/tensor_table.h"
#include "engine/weights/synthetic.h"

namespace mobileclip {
namespace {

constexpr int kSize = 9;  // pixels a side, larger than every kernel
constexpr double kEps = 1e-5;

/// Every kind of block with few channels: three convolution stages, then attention; squeeze-excite; with and without a
/// stem's scale branch.
MciConfig tiny(bool stem_conv_scale) {
  return {.name = "tiny",
          .layers = {1, 1, 2, 1},
          .embed_dims = {4, 8, 8, 32},
          .mlp_ratio = 2,
          .se_downsamples = {false, false, true, true},
          .stem_conv_scale = stem_conv_scale};
}

TowerWeights synthetic(const TensorTable& table, std::uint64_t seed) {
  TowerWeights weights;
  for (const auto& [name, shape] : table) {
    std::vector<float> values(static_cast<std::size_t>(element_count(shape)));
    fill_synthetic(name, shape, seed, values);
    weights.emplace(name, owned_tensor(shape, std::move(values)));
  }
  return weights;
}

/// [channels][kSize * kSize]
using Map = std::vector<std::vector<double>>;

Map random_map(int channels) {
  std::mt19937 random(static_cast<unsigned>(channels));
  std::normal_distribution<double> normal;
  Map map(static_cast<std::size_t>(channels), std::vector<double>(kSize * kSize));
  for (auto& channel : map) {
    for (double& v : channel) v = normal(random);
  }
  return map;
}

/// Stride 1, zero padding of kernel / 2. A block's stride only picks among these outputs.
Map conv(const Map& x, const FloatTensor& weight) {
  const auto out = static_cast<int>(weight.shape[0]);
  const auto in_per_group = static_cast<int>(weight.shape[1]);
  const auto kernel = static_cast<int>(weight.shape[2]);
  const int groups = static_cast<int>(x.size()) / in_per_group;
  Map y(static_cast<std::size_t>(out), std::vector<double>(kSize * kSize, 0.0));
  for (int o = 0; o < out; ++o) {
    const int first = o / (out / groups) * in_per_group;
    for (int py = 0; py < kSize; ++py) {
      for (int px = 0; px < kSize; ++px) {
        double sum = 0;
        for (int i = 0; i < in_per_group; ++i) {
          for (int ky = 0; ky < kernel; ++ky) {
            for (int kx = 0; kx < kernel; ++kx) {
              const int iy = py + ky - kernel / 2;
              const int ix = px + kx - kernel / 2;
              if (iy < 0 || iy >= kSize || ix < 0 || ix >= kSize) continue;
              const int w = ((o * in_per_group + i) * kernel + ky) * kernel + kx;
              sum += static_cast<double>(weight.values[static_cast<std::size_t>(w)]) *
                     x[static_cast<std::size_t>(first + i)][static_cast<std::size_t>(iy * kSize + ix)];
            }
          }
        }
        y[static_cast<std::size_t>(o)][static_cast<std::size_t>(py * kSize + px)] = sum;
      }
    }
  }
  return y;
}

/// x += sign * y
void add(Map& x, const Map& y, double sign = 1.0) {
  for (std::size_t c = 0; c < x.size(); ++c) {
    for (std::size_t p = 0; p < x[c].size(); ++p) x[c][p] += sign * y[c][p];
  }
}

void add_bias(Map& x, const FloatTensor& bias) {
  for (std::size_t c = 0; c < x.size(); ++c) {
    for (double& v : x[c]) v += static_cast<double>(bias.values[c]);
  }
}

/// The branches of a training-time block, as reference/models.py evaluates them.
class Branches {
 public:
  explicit Branches(const TowerWeights& train) : w_(train) {}

  Map block(const std::string& p, const Map& x, std::size_t out) const {
    if (p.ends_with("pos_emb.")) return positional_encoding(p, x);
    if (p.ends_with("token_mixer.")) return rep_mixer(p, x);
    if (w_.contains(p + "large_conv.conv.weight")) {
      Map y = conv_bn(p + "large_conv.", x);
      add(y, conv_bn(p + "small_conv.", x));
      return y;
    }
    return mobileone(p, x, out);
  }

 private:
  Map batch_norm(const std::string& p, Map x) const {
    for (std::size_t c = 0; c < x.size(); ++c) {
      const double mean = w_.at(p + "running_mean").values[c];
      const double deviation = std::sqrt(static_cast<double>(w_.at(p + "running_var").values[c]) + kEps);
      const double gamma = w_.at(p + "weight").values[c];
      const double beta = w_.at(p + "bias").values[c];
      for (double& v : x[c]) v = (v - mean) / deviation * gamma + beta;
    }
    return x;
  }

  Map conv_bn(const std::string& p, const Map& x) const {
    return batch_norm(p + "bn.", conv(x, w_.at(p + "conv.weight")));
  }

  Map mobileone(const std::string& p, const Map& x, std::size_t out) const {
    Map y(out, std::vector<double>(kSize * kSize, 0.0));
    if (w_.contains(p + "conv_scale.conv.weight")) add(y, conv_bn(p + "conv_scale.", x));
    if (w_.contains(p + "identity.weight")) add(y, batch_norm(p + "identity.", x));
    if (w_.contains(p + "conv_kxk.0.conv.weight")) add(y, conv_bn(p + "conv_kxk.0.", x));
    return y;
  }

  Map rep_mixer(const std::string& p, const Map& x) const {
    Map y = mobileone(p + "mixer.", x, x.size());
    add(y, mobileone(p + "norm.", x, x.size()), -1.0);
    for (std::size_t c = 0; c < y.size(); ++c) {
      for (double& v : y[c]) v *= static_cast<double>(w_.at(p + "layer_scale.gamma").values[c]);
    }
    add(y, x);
    return y;
  }

  Map positional_encoding(const std::string& p, const Map& x) const {
    Map y = conv(x, w_.at(p + "pos_enc.weight"));
    add_bias(y, w_.at(p + "pos_enc.bias"));
    add(y, x);
    return y;
  }

  const TowerWeights& w_;
};

double relative_difference(const Map& a, const Map& b) {
  double difference = 0;
  double norm = 0;
  for (std::size_t c = 0; c < a.size(); ++c) {
    for (std::size_t p = 0; p < a[c].size(); ++p) {
      difference += (a[c][p] - b[c][p]) * (a[c][p] - b[c][p]);
      norm += b[c][p] * b[c][p];
    }
  }
  return std::sqrt(difference / norm);
}

/// Input channels of the fused convolution `prefix`. Depthwise ones have one a group; final_conv alone widens twofold.
int input_channels(const std::string& prefix, const Shape& weight) {
  if (weight[1] != 1) return static_cast<int>(weight[1]);
  return static_cast<int>(prefix.ends_with("final_conv.") ? weight[0] / 2 : weight[0]);
}

int compare_every_block(const TowerWeights& train, const TowerWeights& fused) {
  constexpr std::string_view kWeight = "reparam_conv.weight";
  int compared = 0;
  for (const auto& [name, weight] : fused.floats()) {
    if (!name.ends_with(kWeight)) continue;
    const std::string prefix = name.substr(0, name.size() - kWeight.size());
    const Map x = random_map(input_channels(prefix, weight.shape));
    Map y = conv(x, weight);
    add_bias(y, fused.at(prefix + "reparam_conv.bias"));
    EXPECT_LT(relative_difference(y, Branches(train).block(prefix, x, y.size())), 1e-6) << prefix;
    ++compared;
  }
  return compared;
}

TEST(Reparameterize, FusesEveryKindOfBlock) {
  for (const bool stem_conv_scale : {true, false}) {
    const MciConfig config = tiny(stem_conv_scale);
    const TowerWeights train = synthetic(image_tensors(config, 16, ImageForm::kTrain), 5);
    const TowerWeights fused = fuse_image_tower(train, config, 16);
    // stem 3, down-samplers 2 a stage, mixers 4, positional encoding, final_conv
    EXPECT_EQ(compare_every_block(train, fused), 3 + 3 * 2 + 4 + 1 + 1);
  }
}

TEST(Reparameterize, GivesTheFusedTableExactly) {
  const MciConfig config = tiny(true);
  const TensorTable table = image_tensors(config, 16, ImageForm::kFused);
  const TowerWeights fused = fuse_image_tower(synthetic(image_tensors(config, 16, ImageForm::kTrain), 5), config, 16);
  ASSERT_EQ(fused.size(), table.size());
  for (const auto& [name, shape] : table) {
    ASSERT_TRUE(fused.contains(name)) << name;
    EXPECT_EQ(fused.at(name).shape, shape) << name;
    EXPECT_EQ(fused.at(name).values.size(), static_cast<std::size_t>(element_count(shape))) << name;
  }
}

TEST(Reparameterize, SharesWhatBothFormsHave) {
  const MciConfig config = tiny(true);
  const TowerWeights train = synthetic(image_tensors(config, 16, ImageForm::kTrain), 5);
  const TowerWeights fused = fuse_image_tower(train, config, 16);
  for (const char* const name : {"trunk.head.fc.weight", "trunk.stages.0.blocks.0.mlp.conv.bn.running_var"}) {
    EXPECT_EQ(fused.at(name).values.data(), train.at(name).values.data());
  }
}

// The real S0 checkpoint has variances down to 8e-42, subnormal in float32: eps is what keeps them harmless.
TEST(Reparameterize, AddsEpsToVariancesFarBelowIt) {
  const MciConfig config = tiny(true);
  TowerWeights train = synthetic(image_tensors(config, 16, ImageForm::kTrain), 5);
  for (const auto& [name, shape] : image_tensors(config, 16, ImageForm::kTrain)) {
    if (!name.ends_with("running_var")) continue;
    FloatTensor& tensor = train.at(name);
    std::vector<float> values(tensor.values.begin(), tensor.values.end());
    for (std::size_t i = 0; i < values.size(); i += 2) values[i] = i % 4 == 0 ? 8e-42F : 1e-7F;
    tensor = owned_tensor(shape, std::move(values));
  }
  const TowerWeights fused = fuse_image_tower(train, config, 16);
  EXPECT_GT(compare_every_block(train, fused), 0);
}

}  // namespace
}  // namespace mobileclip
