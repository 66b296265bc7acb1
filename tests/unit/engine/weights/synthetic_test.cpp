// Constants from tests/reference/synthetic.py: synthetic.tensor(name, shape, seed).reshape(-1)[index].
#include "engine/weights/synthetic.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace mobileclip {
namespace {

struct Pin {
  std::string name;
  Shape shape;
  std::uint64_t seed;
  std::size_t index;
  float value;
};

void PrintTo(const Pin& pin, std::ostream* out) { *out << pin.name << " [" << pin.index << "] of seed " << pin.seed; }

class Synthetic : public ::testing::TestWithParam<Pin> {};

TEST_P(Synthetic, IsTheReferencesBitForBit) {
  const Pin& pin = GetParam();
  std::vector<float> values(static_cast<std::size_t>(element_count(pin.shape)));
  fill_synthetic(pin.name, pin.shape, pin.seed, values);
  EXPECT_EQ(values.at(pin.index), pin.value);
}

INSTANTIATE_TEST_SUITE_P(
    EveryRule, Synthetic,
    ::testing::ValuesIn(std::vector<Pin>{
        {"trunk.stem.0.conv_kxk.0.conv.weight", {64, 3, 3, 3}, 1U, 0, -0x1.10c992p-2F},
        {"trunk.stem.0.conv_kxk.0.conv.weight", {64, 3, 3, 3}, 1U, 1727, 0x1.f1072ap-5F},
        {"trunk.stages.0.blocks.0.token_mixer.reparam_conv.weight", {64, 1, 3, 3}, 1U, 0, -0x1.df5006p-9F},
        {"trunk.stages.0.blocks.0.token_mixer.reparam_conv.weight", {64, 1, 3, 3}, 1U, 4, 0x1.037652p+0F},
        {"trunk.stages.0.blocks.0.token_mixer.reparam_conv.weight", {64, 1, 3, 3}, 1U, 13, 0x1.0ef324p+0F},
        {"trunk.stages.0.blocks.0.token_mixer.reparam_conv.weight", {64, 1, 3, 3}, 1U, 575, -0x1.cc8628p-4F},
        {"trunk.stages.3.pos_emb.reparam_conv.weight", {512, 1, 7, 7}, 3U, 23, -0x1.b7b1e6p-6F},
        {"trunk.stages.3.pos_emb.reparam_conv.weight", {512, 1, 7, 7}, 3U, 24, 0x1.0a9110p+0F},
        {"trunk.stem.1.reparam_conv.weight", {64, 1, 3, 3}, 2U, 4, 0x1.d0b5a8p-2F},
        {"trunk.stem.0.identity.running_var", {64}, 1U, 63, 0x1.06501ap-1F},
        {"a.running_mean", {5}, 0U, 4, 0x1.92abfap-4F},
        {"trunk.stages.0.blocks.0.layer_scale.gamma", {64, 1, 1}, 18446744073709551615U, 63, 0x1.6816e0p-3F},
        {"ln_final.weight", {512}, 1U, 511, 0x1.f172b2p-1F},
        {"ln_final.bias", {512}, 1U, 0, 0x1.4a1a2cp-4F},
        {"transformer.resblocks.0.attn.in_proj_bias", {1536}, 1U, 7, 0x1.67a3acp-4F},
        {"positional_embedding", {77, 512}, 1U, 39423, 0x1.40f864p-4F},
        {"token_embedding.weight", {49408, 512}, 1U, 25296895, 0x1.65fc58p-3F},
        {"text_projection", {512, 768}, 1U, 1000, -0x1.08ab98p-4F},
        {"trunk.head.fc.weight", {512, 1024}, 1U, 5, -0x1.59647ep-5F},
        {"logit_scale", {}, 9U, 0, 0x1.26bb1cp+2F},
        {"unknown", {4}, 1U, 3, -0x1.da8a6cp-5F},
    }));

}  // namespace
}  // namespace mobileclip
