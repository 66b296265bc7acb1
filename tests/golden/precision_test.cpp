// How near the rounded arithmetics come to full precision: cosines to the float64 goldens, and whether the nearest
// neighbours among varied inputs stay what they are.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/kernels/dispatch.h"
#include "engine/models/make_encoders.h"
#include "engine/models/tensor_table.h"
#include "engine/tensor/aligned_buffer.h"
#include "tests/support/amx_emulation.h"
#include "tests/support/shared_data.h"
#include "tests/support/synthetic_model.h"

namespace mobileclip {
namespace {

using testing::pattern_image;
using testing::relative_error;
using testing::synthetic_tower;

using Embeddings = std::vector<std::vector<float>>;

/// Both towers of a model with synthetic weights, in one arithmetic.
class Towers {
 public:
  Towers(const ModelConfig& model, std::uint64_t seed, TowerArithmetic arithmetic)
      : image_(make_image_encoder(model, synthetic_tower(image_tensors(model, ImageForm::kFused), seed), arithmetic)),
        text_(make_text_encoder(model, synthetic_tower(text_tensors(model.text, model.embed_dim), seed), arithmetic)),
        image_activations_(image_->make_activations()),
        text_activations_(text_->make_activations(1)),
        scratch_(std::max(image_->scratch_per_worker(), text_->scratch_per_worker())) {}

  std::vector<float> embed_image(const kernels::Kernels& kernels, std::span<const std::uint8_t> rgb) {
    std::vector<float> embedding(static_cast<std::size_t>(image_->embed_dim()));
    image_->forward({kernels, serial_, Scratch(scratch_.data(), scratch_.size())}, *image_activations_, rgb, embedding);
    return embedding;
  }
  std::vector<float> embed_text(const kernels::Kernels& kernels, std::span<const std::int32_t> ids) {
    std::vector<float> embedding(static_cast<std::size_t>(image_->embed_dim()));
    const PreparedText text{.ids = {ids.begin(), ids.end()}};
    text_->forward({kernels, serial_, Scratch(scratch_.data(), scratch_.size())}, *text_activations_,
                   std::span(&text, 1), embedding);
    return embedding;
  }

 private:
  std::unique_ptr<const ImageEncoder> image_;
  std::unique_ptr<const TextEncoder> text_;
  std::unique_ptr<ImageActivations> image_activations_;
  std::unique_ptr<TextActivations> text_activations_;
  AlignedBuffer scratch_;
  Serial serial_;
};

template <typename T>
double cosine(std::span<const float> a, std::span<const T> b) {
  double dot = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    dot += double{a[i]} * double{b[i]};
    aa += double{a[i]} * double{a[i]};
    bb += double{b[i]} * double{b[i]};
  }
  return dot / std::sqrt(aa * bb);
}

struct Goldens {
  explicit Goldens(const std::string& name) : model(find_model(name)) {
    std::ifstream file(testing::source_dir() / "tests" / "golden" / (name + ".json"));
    const auto json = nlohmann::json::parse(file);
    seed = json["seed"];
    images = json["image"]["embeddings"].get<std::vector<std::vector<double>>>();
    ids = json["text_ids"].get<std::vector<std::vector<std::int32_t>>>();
    texts = json["text"]["embeddings"].get<std::vector<std::vector<double>>>();
  }
  const ModelConfig* model;
  std::uint64_t seed;
  std::vector<std::vector<double>> images;
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<std::vector<double>> texts;

  /// A ViT-L/14 takes a second for an image; its text tower is MobileCLIP2-S3's, weights and all.
  [[nodiscard]] bool is_large() const {
    const auto* vit = std::get_if<VitConfig>(&model->image);
    return vit && vit->layers > 12;
  }
};

struct Tier {
  Precision precision;
  double image_cosine;
  double text_cosine;
};

class RoundedTowers : public ::testing::TestWithParam<std::tuple<std::string, Tier>> {};

/// By the best kernels this CPU has and, for the smallest model, by the portable ones, which emulate the instructions
/// at a tenth of their speed.
TEST_P(RoundedTowers, PointTheSameWayAsTheGoldens) {
  const auto& [name, tier] = GetParam();
  const Goldens goldens(name);
  const kernels::Kernels& best = *kernels::available().front();
  Towers towers(*goldens.model, goldens.seed, arithmetic_of(tier.precision, best));
  std::vector<const kernels::Kernels*> tried{&best};
  if (name == "MobileCLIP2-S0") tried.push_back(kernels::available().back());
  for (const kernels::Kernels* kernels : tried) {
    double worst_image = 1;
    for (std::size_t k = 0; k < (goldens.is_large() ? 1 : goldens.images.size()); ++k) {
      const auto pixels = pattern_image(static_cast<int>(k), goldens.model->preprocess.image_size);
      const double c = cosine<double>(towers.embed_image(*kernels, pixels), goldens.images[k]);
      EXPECT_GE(c, tier.image_cosine) << "image " << k << " on " << kernels->isa;
      worst_image = std::min(worst_image, c);
    }
    double worst_text = 1;
    for (std::size_t t = 0; t < (goldens.is_large() ? 0 : goldens.ids.size()); ++t) {
      const double c = cosine<double>(towers.embed_text(*kernels, goldens.ids[t]), goldens.texts[t]);
      EXPECT_GE(c, tier.text_cosine) << "text " << t << " on " << kernels->isa;
      worst_text = std::min(worst_text, c);
    }
    RecordProperty("worst_image_cosine", std::to_string(worst_image));
    RecordProperty("worst_text_cosine", std::to_string(worst_text));
  }
}

std::string without_dashes(std::string name) {
  std::erase(name, '-');
  return name;
}

std::string test_name(const ::testing::TestParamInfo<std::tuple<std::string, Tier>>& info) {
  return without_dashes(std::get<0>(info.param)) +
         (std::get<1>(info.param).precision == Precision::kInt8 ? "_int8" : "_bf16");
}

INSTANTIATE_TEST_SUITE_P(Models, RoundedTowers,
                         ::testing::Combine(::testing::Values("MobileCLIP2-S0", "MobileCLIP2-S2", "MobileCLIP2-S3",
                                                              "MobileCLIP2-S4", "MobileCLIP-S1", "MobileCLIP2-B",
                                                              "MobileCLIP2-L-14", "ViT-B-32-quickgelu", "ViT-B-16"),
                                            ::testing::Values(Tier{Precision::kBf16, 0.9999, 0.9999},
                                                              Tier{Precision::kInt8, 0.999, 0.9995})),
                         test_name);

TEST(SplitFloat32, StaysNearTheGoldensOnEmulatedAmx) {
  const Goldens goldens("MobileCLIP2-S0");
  const kernels::Kernels& amx = testing::emulated_amx();
  Towers towers(*goldens.model, goldens.seed, arithmetic_of(Precision::kFp32, amx));
  const auto pixels = pattern_image(0, goldens.model->preprocess.image_size);
  EXPECT_LE(relative_error(towers.embed_image(amx, pixels), goldens.images[0]), 2e-5);
  EXPECT_LE(relative_error(towers.embed_text(amx, goldens.ids[0]), goldens.texts[0]), 2e-5);
}

/// Discs and stripes of random colours, sizes and places over a gradient.
std::vector<std::uint8_t> varied_image(std::mt19937& random, int size) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  struct Disc {
    int x, y, radius;
    int colour[3];
  };
  std::vector<Disc> discs(static_cast<std::size_t>(1 + below(6)));
  for (Disc& d : discs) d = {below(size), below(size), 10 + below(size / 2), {below(256), below(256), below(256)}};
  const int tilt[3] = {below(256), below(256), below(256)};
  const int period = 3 + below(60);
  const int stripe = below(120);
  std::vector<std::uint8_t> rgb;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      for (int c = 0; c < 3; ++c) {
        int v = tilt[c] * x / size + (255 - tilt[c]) * y / size;
        for (const Disc& d : discs) {
          if ((x - d.x) * (x - d.x) + (y - d.y) * (y - d.y) < d.radius * d.radius) v = d.colour[c];
        }
        if ((x + y) / period % 2 == 0) v += stripe;
        rgb.push_back(static_cast<std::uint8_t>(std::clamp(v, 0, 255)));
      }
    }
  }
  return rgb;
}

/// Words drawn from a small vocabulary, so that texts share some.
std::vector<std::int32_t> varied_text(std::mt19937& random) {
  std::vector<std::int32_t> ids{49406};
  const int words = 2 + static_cast<int>(random() % 20);
  for (int i = 0; i < words; ++i) ids.push_back(320 + static_cast<int>(random() % 400));
  ids.push_back(49407);
  return ids;
}

/// The others, nearest first.
std::vector<std::size_t> neighbours(const Embeddings& all, std::size_t of) {
  std::vector<std::pair<double, std::size_t>> found;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i != of) found.emplace_back(-cosine<float>(all[of], all[i]), i);
  }
  std::ranges::partial_sort(found, found.begin() + 3);
  return {found[0].second, found[1].second, found[2].second};
}

/// Of the exact nearest neighbours, how many are still the nearest and among the nearest three.
void expect_kept(const Embeddings& exact, const Embeddings& rounded, double least_cosine) {
  std::size_t same = 0;
  std::size_t among_three = 0;
  double worst = 1;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    worst = std::min(worst, cosine<float>(rounded[i], exact[i]));
    const std::size_t nearest = neighbours(exact, i)[0];
    const auto now = neighbours(rounded, i);
    same += now[0] == nearest ? 1 : 0;
    among_three += std::ranges::count(now, nearest) > 0 ? 1 : 0;
  }
  EXPECT_GE(worst, least_cosine);
  EXPECT_GE(same * 100, exact.size() * 97) << same << " of " << exact.size() << " keep their nearest neighbour";
  EXPECT_GE(among_three * 100, exact.size() * 99) << among_three << " of " << exact.size() << " among three";
  ::testing::Test::RecordProperty("worst_cosine", std::to_string(worst));
  ::testing::Test::RecordProperty("same_nearest", static_cast<int>(same));
  ::testing::Test::RecordProperty("among_three", static_cast<int>(among_three));
}

class Retrieval : public ::testing::TestWithParam<const char*> {
 protected:
  static constexpr int kInputs = 200;
  const Goldens goldens_{GetParam()};
  const kernels::Kernels& kernels_ = *kernels::available().front();
  Towers exact_{*goldens_.model, goldens_.seed, {}};
  Towers int8_{*goldens_.model, goldens_.seed, arithmetic_of(Precision::kInt8, kernels_)};
  std::mt19937 random_{5};
};

TEST_P(Retrieval, Int8KeepsNearestImages) {
  Embeddings exact;
  Embeddings rounded;
  for (int i = 0; i < kInputs; ++i) {
    const auto pixels = varied_image(random_, goldens_.model->preprocess.image_size);
    exact.push_back(exact_.embed_image(kernels_, pixels));
    rounded.push_back(int8_.embed_image(kernels_, pixels));
  }
  expect_kept(exact, rounded, 0.999);
}

TEST_P(Retrieval, Int8KeepsNearestTexts) {
  Embeddings exact;
  Embeddings rounded;
  for (int i = 0; i < kInputs; ++i) {
    const auto ids = varied_text(random_);
    exact.push_back(exact_.embed_text(kernels_, ids));
    rounded.push_back(int8_.embed_text(kernels_, ids));
  }
  expect_kept(exact, rounded, 0.9995);
}

INSTANTIATE_TEST_SUITE_P(Models, Retrieval, ::testing::Values("MobileCLIP2-S0", "ViT-B-32-quickgelu"),
                         [](const auto& tested) { return without_dashes(tested.param); });

}  // namespace
}  // namespace mobileclip
