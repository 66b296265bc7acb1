// Our forward passes against the PyTorch reference in float64, for synthetic weights: every model, both image forms,
// every instruction set of this CPU (of the large image towers one row by the slower ones, or none). The goldens beside
// this file come from tests/reference/make_goldens.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/kernels/dispatch.h"
#include "engine/models/clip_text.h"
#include "engine/models/make_encoders.h"
#include "engine/models/reparameterize.h"
#include "tests/support/shared_data.h"
#include "tests/support/synthetic_model.h"

namespace mobileclip {
namespace {

using testing::pattern_image;
using testing::relative_error;
using testing::synthetic_tower;

constexpr double kTolerance = 5e-6;

class Golden : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::ifstream file(testing::source_dir() / "tests" / "golden" / (GetParam() + ".json"));
    ASSERT_TRUE(file) << "no golden file for " << GetParam();
    golden_ = nlohmann::json::parse(file);
    model_ = find_model(GetParam());
    ASSERT_NE(model_, nullptr);
    seed_ = golden_["seed"];
  }

  void check_images(const TowerWeights& weights, const char* form) {
    const int size = golden_["image_size"];
    ASSERT_EQ(size, model_->preprocess.image_size);
    const auto encoder = make_image_encoder(*model_, weights, {});
    Serial serial;
    const auto activations = encoder->make_activations();
    AlignedBuffer scratch(encoder->scratch_per_worker());
    const auto& rows = golden_[form]["embeddings"];
    std::vector<float> embedding(static_cast<std::size_t>(encoder->embed_dim()));
    for (const kernels::Kernels* kernels : kernels::available()) {
      for (std::size_t k = 0; k < rows_to_try(*kernels, rows.size()); ++k) {
        const Context context{*kernels, serial, Scratch(scratch.data(), scratch.size())};
        encoder->forward(context, *activations, pattern_image(static_cast<int>(k), size), embedding);
        const double error = relative_error(embedding, rows[k].get<std::vector<double>>());
        EXPECT_LE(error, kTolerance) << form << " " << k << " on " << kernels->isa;
        worst_ = std::max(worst_, error);
      }
    }
    RecordProperty("worst_relative_error", std::to_string(worst_));
  }

  /// A ViT-L/14 takes a second for an image by the best kernels and many by the portable ones.
  [[nodiscard]] std::size_t rows_to_try(const kernels::Kernels& kernels, std::size_t all) const {
    const auto* vit = std::get_if<VitConfig>(&model_->image);
    const bool is_best = &kernels == kernels::available().front();
    if (!vit) return all;
    if (vit->layers > 12) return is_best ? 2 : 0;
    return is_best ? all : 1;
  }

  nlohmann::json golden_;
  const ModelConfig* model_ = nullptr;
  std::uint64_t seed_ = 0;
  double worst_ = 0;
};

TEST_P(Golden, FusedImageTower) {
  check_images(synthetic_tower(image_tensors(*model_, ImageForm::kFused), seed_), "image");
}

TEST_P(Golden, TrainFormImageTower) {
  const auto* mci = std::get_if<MciConfig>(&model_->image);
  if (!mci) return;  // a ViT has one form
  const TowerWeights train = synthetic_tower(image_tensors(*model_, ImageForm::kTrain), seed_);
  check_images(fuse_image_tower(train, *mci, model_->embed_dim), "image_train_form");
}

TEST_P(Golden, TextTower) {
  if (model_->name == "MobileCLIP2-L-14") return;  // MobileCLIP2-S3's, weights and all
  const ClipTextEncoder encoder(model_->text, model_->embed_dim,
                                synthetic_tower(text_tensors(model_->text, model_->embed_dim), seed_));
  const auto texts = golden_["text_ids"].get<std::vector<std::vector<std::int32_t>>>();
  const std::vector<std::span<const std::int32_t>> batch(texts.begin(), texts.end());
  const auto& rows = golden_["text"]["embeddings"];
  Serial serial;
  ClipTextActivations activations = encoder.make_activations(static_cast<int>(texts.size()));
  AlignedBuffer scratch(encoder.scratch_per_worker());
  const auto dim = static_cast<std::size_t>(encoder.embed_dim());
  std::vector<float> together(dim * texts.size());
  std::vector<float> alone(dim);
  for (const kernels::Kernels* kernels : kernels::available()) {
    const Context context{*kernels, serial, Scratch(scratch.data(), scratch.size())};
    encoder.forward(context, activations, batch, together);
    for (std::size_t t = 0; t < texts.size(); ++t) {
      const std::span<const float> row = std::span(together).subspan(t * dim, dim);
      EXPECT_LE(relative_error(row, rows[t].get<std::vector<double>>()), kTolerance)
          << "text " << t << " on " << kernels->isa;
      encoder.forward(context, activations, std::span(batch).subspan(t, 1), alone);
      EXPECT_TRUE(std::ranges::equal(row, alone))
          << "text " << t << " differs alone and in a batch on " << kernels->isa;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Golden,
                         ::testing::Values("MobileCLIP2-S0", "MobileCLIP2-S2", "MobileCLIP2-S3", "MobileCLIP2-S4",
                                           "MobileCLIP-S1", "MobileCLIP2-B", "MobileCLIP2-L-14", "ViT-B-32-quickgelu",
                                           "ViT-B-16"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace mobileclip
