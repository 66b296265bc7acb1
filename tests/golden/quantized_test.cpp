// A text tower whose matrices stay in MLX's affine form gives what it gives with the restored matrices.
#include <gtest/gtest.h>

#include "engine/kernels/dispatch.h"
#include "engine/models/clip_text.h"
#include "engine/models/tensor_table.h"
#include "engine/models/weights_form.h"
#include "tests/support/backwards.h"
#include "tests/support/synthetic_model.h"

namespace mobileclip {
namespace {

using testing::relative_error;
using testing::synthetic_tower;

constexpr TextConfig kConfig{.width = 128, .heads = 2, .layers = 3, .context_length = 20, .vocab_size = 300};
constexpr int kEmbedDim = 64;

std::vector<float> embed(const TowerWeights& weights, TowerArithmetic arithmetic, Parallel& parallel) {
  const ClipTextEncoder encoder(kConfig, kEmbedDim, weights, arithmetic);
  ClipTextActivations activations = encoder.make_activations(2);
  std::vector<float> scratch(static_cast<std::size_t>(parallel.max_workers()) * encoder.scratch_per_worker());
  const std::vector<std::int32_t> ids{298, 5, 17, 250, 33, 299};
  const std::vector<std::int32_t> other{298, 299};
  const std::vector<std::span<const std::int32_t>> texts{ids, other};
  std::vector<float> embeddings(2 * kEmbedDim);
  encoder.forward({*kernels::find("auto"), parallel, Scratch(scratch.data(), encoder.scratch_per_worker())},
                  activations, texts, embeddings);
  return embeddings;
}

std::vector<double> exact(const std::vector<float>& values) { return {values.begin(), values.end()}; }

TEST(QuantizedText, IsTheTowerOfTheRestoredMatrices) {
  const TensorTable table = text_tensors(kConfig, kEmbedDim);
  const TowerWeights full = synthetic_tower(table, 1);
  Serial serial;
  testing::Backwards backwards;
  for (const int bits : kAffineBits) {
    for (const int group_size : kAffineGroupSizes) {
      const TowerWeights quantized =
          in_form(full, table, {.quantized = AffineFormat{.bits = bits, .group_size = group_size}});
      ASSERT_EQ(quantized.quantized().size(), 1U + 3 * 4);
      TowerWeights restored;
      for (const auto& [name, shape] : table) restored.emplace(name, quantized.at(name));

      const std::vector<float> found = embed(quantized, {}, serial);
      EXPECT_LE(relative_error(found, exact(embed(restored, {}, serial))), 2e-6)
          << bits << " bits, groups of " << group_size;
      EXPECT_EQ(embed(quantized, {}, backwards), found);
      EXPECT_LE(relative_error(found, exact(embed(full, {}, serial))), bits == 8 ? 0.02 : 0.3);

      const std::vector<float> rounded = embed(quantized, {.usual = Arithmetic::kBf16}, serial);
      EXPECT_LE(relative_error(rounded, exact(found)), 0.02);
      const TowerArithmetic int8{.usual = Arithmetic::kInt8, .sensitive = Arithmetic::kBf16};
      EXPECT_EQ(embed(quantized, int8, serial), rounded) << "bytes are too coarse for restored weights";
    }
  }
}

// Which matrices are quantised is the checkpoint's affair: scratch memory must do for any of them.
TEST(QuantizedText, MayBeQuantisedInOneLayerOnly) {
  const TensorTable table = text_tensors(kConfig, kEmbedDim);
  const TowerWeights full = synthetic_tower(table, 1);
  const TowerWeights quantized = in_form(full, table, {.quantized = AffineFormat{.bits = 8, .group_size = 64}});
  TowerWeights mixed;
  TowerWeights restored;
  for (const auto& [name, shape] : table) {
    const bool packed = name == "transformer.resblocks.1.mlp.c_proj.weight";
    if (packed) mixed.emplace(name, AffineMatrix(*quantized.quantized(name)));
    if (!packed) mixed.emplace(name, full.at(name));
    restored.emplace(name, packed ? quantized.at(name) : full.at(name));
  }
  testing::Backwards backwards;
  EXPECT_LE(relative_error(embed(mixed, {}, backwards), exact(embed(restored, {}, backwards))), 2e-6);
}

}  // namespace
}  // namespace mobileclip
