#include "server/cli/goldens.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/models/config.h"

namespace mobileclip::server {
namespace {

/// Same towers as a model that has a golden, in other sizes or with another activation.
bool shares_anothers(std::string_view model) {
  constexpr std::array kNames{"ViT-B-32", "ViT-B-16-quickgelu", "ViT-L-14", "ViT-L-14-quickgelu"};
  return std::ranges::find(kNames, model) != kNames.end();
}

TEST(SyntheticGolden, ExistsForEveryTower) {
  for (const ModelConfig& model : known_models()) {
    const auto golden = synthetic_golden(model.name);
    ASSERT_EQ(golden.has_value(), !shares_anothers(model.name)) << model.name;
    if (!golden) continue;
    EXPECT_EQ(golden->seed, 1) << model.name;
    EXPECT_EQ(golden->image_size, model.preprocess.image_size) << model.name;
    EXPECT_EQ(golden->text.size(), golden->text_ids.size()) << model.name;
    EXPECT_EQ(golden->image.size(), 4) << model.name;
    const bool has_two_forms = std::holds_alternative<MciConfig>(model.image);
    ASSERT_EQ(golden->image_train_form.has_value(), has_two_forms) << model.name;
    std::vector<Embeddings> all{golden->text, golden->image};
    if (has_two_forms) all.push_back(*golden->image_train_form);
    EXPECT_EQ(all.back().size(), 4) << model.name;
    for (const Embeddings& embeddings : all) {
      for (const auto& embedding : embeddings) EXPECT_EQ(embedding.size(), model.embed_dim) << model.name;
    }
  }
  EXPECT_FALSE(synthetic_golden("MobileCLIP2-S9"));
}

TEST(RealGolden, IsOfThePublishedS0) {
  const auto golden = real_golden("MobileCLIP2-S0");
  ASSERT_TRUE(golden);
  EXPECT_EQ(golden->text, "a photo of a dog");
  EXPECT_EQ(golden->token_ids.front(), 49406);
  EXPECT_EQ(golden->text_embedding.size(), 512);
  EXPECT_FALSE(real_golden("MobileCLIP2-S2"));
}

}  // namespace
}  // namespace mobileclip::server
