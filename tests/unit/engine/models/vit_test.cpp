// The ViT and causal text towers at small, odd sizes: what the goldens of tests/golden don't show.
#include "engine/models/vit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/kernels/dispatch.h"
#include "engine/models/clip_text.h"
#include "engine/models/tensor_table.h"
#include "tests/support/shared_data.h"
#include "tests/support/synthetic_model.h"

namespace mobileclip {
namespace {

using testing::pattern_image;
using testing::relative_error;
using testing::synthetic_tower;

/// Runs tasks backwards and claims many workers: whatever depends on order or on scratch being its own shows.
class Backwards final : public Parallel {
 public:
  [[nodiscard]] int max_workers() const override { return 3; }
  void run(std::size_t tasks, TaskRef task) override {
    for (std::size_t i = tasks; i-- > 0;) task(i, static_cast<int>(i % 3));
  }
};

constexpr int kEmbedDim = 48;

std::vector<float> embed(const VitConfig& config, int size, Parallel& parallel, Arithmetic arithmetic) {
  const VitEncoder encoder(config, kEmbedDim, {.image_size = size, .mean = kOpenAiMean, .std = kOpenAiStd},
                           synthetic_tower(image_tensors(config, kEmbedDim, size), 3), TowerArithmetic{arithmetic});
  VitActivations activations = encoder.make_activations();
  const std::size_t scratch = encoder.scratch_per_worker();
  std::vector<float> memory(3 * scratch, NAN);
  std::vector<float> embedding(kEmbedDim);
  encoder.forward({*kernels::find("auto"), parallel, Scratch(memory.data(), scratch)}, activations,
                  pattern_image(1, size), embedding);
  return embedding;
}

TEST(Vit, GivesTheSameBitsHoweverTheWorkIsSpread) {
  const VitConfig patches{.width = 96, .layers = 3, .heads = 2, .mlp_width = 160, .patch_size = 14, .quick_gelu = true};
  VitConfig stem = patches;
  stem.module = VitConfig::Module::kTimm;
  stem.patch_size = 16;
  stem.conv_stem = {{32, 4}, {48, 2}, {96, 2}};
  stem.class_position = false;
  stem.pre_norm = false;
  for (const VitConfig& config : {patches, stem}) {
    for (const Arithmetic arithmetic : {Arithmetic::kFp32, Arithmetic::kBf16, Arithmetic::kInt8}) {
      Serial serial;
      Backwards backwards;
      // 147 = 10 * 14 + 7: the last pixels fill no patch. 101 patches are several tasks.
      const auto expected = embed(config, 147, serial, arithmetic);
      EXPECT_EQ(embed(config, 147, backwards, arithmetic), expected) << to_string(arithmetic);
      for (const float v : expected) ASSERT_TRUE(std::isfinite(v)) << to_string(arithmetic);
    }
  }
}

// Heads of 88 and 104 channels, ViT-g-14's and ViT-bigG-14's, and of 9: tests/reference/make_head_goldens.py.
TEST(Vit, HeadsNeedFillNoBlocks) {
  std::ifstream file(testing::source_dir() / "tests" / "golden" / "vit_heads.json");
  const auto golden = nlohmann::json::parse(file);
  const int size = golden["image_size"];
  for (const nlohmann::json& tower : golden["towers"]) {
    VitConfig config{.width = tower["width"], .layers = tower["depth"], .heads = tower["heads"]};
    config.mlp_width = 4 * config.width;
    config.patch_size = tower["patch"];
    const auto expected = tower["embedding"].get<std::vector<double>>();
    const TowerWeights weights = synthetic_tower(image_tensors(config, kEmbedDim, size), golden["seed"]);
    const VitEncoder encoder(config, kEmbedDim, {.image_size = size, .mean = kOpenAiMean, .std = kOpenAiStd}, weights);
    for (const kernels::Kernels* const isa : kernels::available()) {
      VitActivations activations = encoder.make_activations();
      std::vector<float> scratch(encoder.scratch_per_worker(), NAN);
      std::vector<float> embedding(kEmbedDim);
      Serial serial;
      encoder.forward({*isa, serial, Scratch(scratch.data(), scratch.size())}, activations, pattern_image(0, size),
                      embedding);
      EXPECT_LE(relative_error(embedding, expected), 5e-6) << config.width << " channels on " << isa->isa;
    }
  }
}

class CausalText : public ::testing::Test {
 protected:
  using Texts = std::vector<std::vector<std::int32_t>>;

  static TextConfig config(int context_length) {
    return {.width = 64,
            .heads = 2,
            .layers = 3,
            .mlp_width = 96,
            .causal = true,
            .quick_gelu = true,
            .context_length = context_length,
            .vocab_size = 100};
  }
  /// One after the other in a batch; the positions of a shorter context are the first ones of a longer.
  static std::vector<float> embed(int context_length, const Texts& texts) {
    TowerWeights weights = synthetic_tower(text_tensors(config(kLongest), kEmbedDim), 7);
    FloatTensor& positions = weights.at("positional_embedding");
    positions.values = positions.values.first(static_cast<std::size_t>(context_length) * 64);
    const ClipTextEncoder encoder(config(context_length), kEmbedDim, weights);
    ClipTextActivations activations = encoder.make_activations(static_cast<int>(texts.size()));
    std::vector<float> scratch(encoder.scratch_per_worker(), NAN);
    Serial serial;
    const std::vector<std::span<const std::int32_t>> batch(texts.begin(), texts.end());
    std::vector<float> embeddings(texts.size() * kEmbedDim);
    encoder.forward({*kernels::find("auto"), serial, Scratch(scratch.data(), scratch.size())}, activations, batch,
                    embeddings);
    return embeddings;
  }

  static constexpr int kLongest = 40;
  const Texts texts_{{1, 2, 99}, {1, 99}, {1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 99}};
};

TEST_F(CausalText, DoesNotSeeWhatComesAfterItsEnd) {
  EXPECT_EQ(embed(20, texts_), embed(kLongest, texts_)) << "the padding is part of the result";
}

TEST_F(CausalText, GivesEachTextOfARaggedBatchWhatItGetsAlone) {
  const auto together = embed(kLongest, texts_);
  for (std::size_t t = 0; t < texts_.size(); ++t) {
    const auto own = std::span(together).subspan(t * kEmbedDim, kEmbedDim);
    EXPECT_EQ(std::vector<float>(own.begin(), own.end()), embed(kLongest, {texts_[t]})) << "text " << t;
  }
}

}  // namespace
}  // namespace mobileclip
