#include "engine/models/synthesize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/models/model_directory.h"
#include "engine/weights/safetensors.h"
#include "engine/weights/synthetic.h"
#include "tests/unit/engine/models/model_fixture.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using ::testing::Each;
using ::testing::HasSubstr;
using testing::load_error_of;
using testing::synthetic_s0;
using testing::TemporaryDirectory;

std::vector<float> recipe(std::string_view name, const Shape& shape, std::uint64_t seed) {
  std::vector<float> values(static_cast<std::size_t>(element_count(shape)));
  fill_synthetic(name, shape, seed, values);
  return values;
}

TEST(Synthesize, WritesThePublishedSplitLayout) {
  const fs::path& model = synthetic_s0(DirectoryForm::kSplit);
  const TensorStore image = read_safetensors(model / "image_encoder_weights.safetensors");
  const TensorStore text = read_safetensors(model / "text_encoder_weights.safetensors");
  EXPECT_EQ(image.tensors().size(), 310u);
  EXPECT_EQ(text.tensors().size(), 149u);
  const StoredTensor* const counter = image.find("trunk.stages.0.blocks.0.mlp.conv.bn.num_batches_tracked");
  ASSERT_TRUE(counter);
  EXPECT_EQ(counter->dtype, DType::kI64);
  EXPECT_EQ(counter->shape, Shape{});
  EXPECT_THAT(counter->bytes, Each(std::byte{0}));
  const std::string name = "trunk.stages.0.blocks.0.token_mixer.reparam_conv.weight";
  const FloatTensor mixer = image.floats(*image.find(name));
  EXPECT_TRUE(std::ranges::equal(mixer.values, recipe(name, {64, 1, 3, 3}, 1)));
  EXPECT_EQ(read_safetensors_metadata(model / "text_encoder_weights.safetensors"),
            (std::map<std::string, std::string>{{"format", "pt"}, {"synthetic", "seed 1"}}));
}

TEST(Synthesize, WritesThePublishedOpenClipLayout) {
  const fs::path& model = synthetic_s0(DirectoryForm::kOpenClip);
  const TensorStore store = read_safetensors(model / "open_clip_model.safetensors");
  EXPECT_EQ(store.tensors().size(), 670u + 114u + 149u + 1u);
  EXPECT_THAT(store.floats("logit_scale", {}).values, Each(0x1.26bb1cp+2F));
  // The recipe goes by the names without "visual." and "text.".
  EXPECT_TRUE(std::ranges::equal(store.floats("visual.trunk.stem.0.conv_kxk.0.conv.weight", {64, 3, 3, 3}).values,
                                 recipe("trunk.stem.0.conv_kxk.0.conv.weight", {64, 3, 3, 3}, 1)));
  EXPECT_TRUE(std::ranges::equal(store.floats("text.ln_final.bias", {512}).values, recipe("ln_final.bias", {512}, 1)));
  EXPECT_TRUE(store.find("visual.trunk.stem.0.conv_kxk.0.bn.num_batches_tracked"));
}

TEST(Synthesize, FollowsSeedDTypeAndVocabulary) {
  const TemporaryDirectory directory;
  const fs::path vocabulary = synthetic_s0(DirectoryForm::kSplit) / "tokenizer.json";
  const fs::path model = directory.path() / "model";
  std::uint64_t calls = 0;
  synthesize_model(*find_model("MobileCLIP2-S0"), model,
                   {.form = DirectoryForm::kOpenClip, .seed = 7, .dtype = DType::kBF16, .vocabulary = vocabulary},
                   [&](std::string_view, std::uint64_t done, std::uint64_t total) {
                     EXPECT_LE(done, total);
                     ++calls;
                   });
  EXPECT_GT(calls, 900u);
  const TensorStore store = read_safetensors(model / "open_clip_model.safetensors");
  EXPECT_EQ(store.find("text.ln_final.weight")->dtype, DType::kBF16);
  EXPECT_EQ(store.find("logit_scale")->dtype, DType::kF32);
  const float expected = recipe("ln_final.weight", {512}, 7)[3];
  EXPECT_NEAR(store.floats("text.ln_final.weight", {512}).values[3], expected, 0x1p-8F);
  EXPECT_EQ(testing::read_file(model / "tokenizer.json"), testing::read_file(vocabulary));
}

TEST(Synthesize, LeavesNothingWhereTheVocabularyIsBad) {
  const TemporaryDirectory directory;
  const fs::path model = directory.path() / "model";
  const auto synthesize = [&](const fs::path& vocabulary) {
    return load_error_of([&] { synthesize_model(*find_model("MobileCLIP2-S0"), model, {.vocabulary = vocabulary}); });
  };
  EXPECT_THAT(synthesize(directory.path() / "none.json"), HasSubstr("none.json: no vocabulary found"));
  EXPECT_NE(synthesize(directory.write("bad.json", "{}")), "");
  EXPECT_FALSE(fs::exists(model));
}

}  // namespace
}  // namespace mobileclip
