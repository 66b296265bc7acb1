#include "server/cli/goldens.h"

#include <gtest/gtest.h>

#include "engine/models/config.h"

namespace mobileclip::server {
namespace {

TEST(SyntheticGolden, ExistsForEveryModel) {
  for (const ModelConfig& model : known_models()) {
    const auto golden = synthetic_golden(model.name);
    ASSERT_TRUE(golden) << model.name;
    EXPECT_EQ(golden->seed, 1) << model.name;
    EXPECT_EQ(golden->image_size, model.preprocess.image_size) << model.name;
    EXPECT_EQ(golden->text.size(), golden->text_ids.size()) << model.name;
    EXPECT_EQ(golden->image.size(), 4) << model.name;
    EXPECT_EQ(golden->image_train_form.size(), 4) << model.name;
    for (const Embeddings* embeddings : {&golden->text, &golden->image, &golden->image_train_form}) {
      for (const auto& embedding : *embeddings) EXPECT_EQ(embedding.size(), model.embed_dim) << model.name;
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
