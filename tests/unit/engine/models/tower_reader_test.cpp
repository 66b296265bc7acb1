#include "engine/models/tower_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace mobileclip {
namespace {

using ::testing::SizeIs;

class Tower {
 public:
  void add(std::string name, Shape shape, DType dtype = DType::kF32) {
    tensors_.push_back({.name = name, .dtype = dtype, .shape = std::move(shape), .bytes = {}, .file = "f"});
    tower_.emplace(std::move(name), &tensors_.back());
  }
  operator const StoredTower&() const { return tower_; }  // NOLINT(google-explicit-constructor)

 private:
  std::deque<StoredTensor> tensors_;
  StoredTower tower_;
};

const TensorTable kTable{{"conv.weight", {8, 4, 3, 3}}, {"layer_scale.gamma", {8, 1, 1}}, {"bn.running_var", {8}}};

TEST(Compare, FindsNothingAmiss) {
  Tower tower;
  for (const auto& [name, shape] : kTable) tower.add(name, shape);
  EXPECT_EQ(compare(tower, kTable, ConvLayout::kOihw).size(), 0u);
  EXPECT_EQ(compare(tower, kTable, ConvLayout::kOihw).describe(), "");
  tower.add("bn.num_batches_tracked", {}, DType::kI64);
  EXPECT_EQ(compare(tower, kTable, ConvLayout::kOihw).size(), 0u);
}

TEST(Compare, NamesMissingMisshapenAndUnused) {
  Tower tower;
  tower.add("conv.weight", {8, 4, 3});
  tower.add("bn.running_var", {8});
  tower.add("stray", {2});
  const TowerMismatch mismatch = compare(tower, kTable, ConvLayout::kOihw);
  EXPECT_EQ(
      mismatch.describe(),
      "1 tensor missing: 'layer_scale.gamma' [8, 1, 1]; 1 tensor misshapen: 'conv.weight' expected [8, 4, 3, 3], found "
      "[8, 4, 3]; 1 tensor unused: 'stray' [2]");
}

TEST(Compare, NamesTheFirstFewOfMany) {
  Tower tower;
  for (int i = 0; i < 100; ++i) tower.add("x" + std::to_string(i), {1});
  const std::string text = compare(tower, {}, ConvLayout::kOihw).describe();
  EXPECT_EQ(text, "100 tensors unused: 'x0' [1], 'x1' [1], 'x10' [1], 'x11' [1], …");
}

TEST(Compare, TakesCountersOnlyBesideAVariance) {
  for (const auto& [name, dtype, shape] :
       std::vector<std::tuple<std::string, DType, Shape>>{{"other.num_batches_tracked", DType::kI64, {}},
                                                          {"bn.num_batches_tracked", DType::kF32, {}},
                                                          {"bn.num_batches_tracked", DType::kI64, {2}}}) {
    Tower tower;
    for (const auto& [expected, expected_shape] : kTable) tower.add(expected, expected_shape);
    tower.add(name, shape, dtype);
    EXPECT_THAT(compare(tower, kTable, ConvLayout::kOihw).unused, SizeIs(1)) << name;
  }
}

TEST(Compare, ExpectsTheLayoutsShapes) {
  Tower ohwi;
  ohwi.add("conv.weight", {8, 3, 3, 4});
  ohwi.add("layer_scale.gamma", {8});
  ohwi.add("bn.running_var", {8});
  EXPECT_EQ(compare(ohwi, kTable, ConvLayout::kOhwi).size(), 0u);
  EXPECT_THAT(compare(ohwi, kTable, ConvLayout::kOihw).misshapen, SizeIs(2));
}

TEST(DetectConvLayout, LooksAtTheDepthwiseStem) {
  Tower fused;
  fused.add("trunk.stem.1.reparam_conv.weight", {64, 3, 3, 1});
  EXPECT_EQ(detect_conv_layout(fused), ConvLayout::kOhwi);
  Tower train;
  train.add("trunk.stem.1.conv_kxk.0.conv.weight", {64, 3, 3, 1});
  EXPECT_EQ(detect_conv_layout(train), ConvLayout::kOhwi);
  Tower oihw;
  oihw.add("trunk.stem.1.reparam_conv.weight", {64, 1, 3, 3});
  EXPECT_EQ(detect_conv_layout(oihw), ConvLayout::kOihw);
  EXPECT_EQ(detect_conv_layout(Tower()), ConvLayout::kOihw);
}

TEST(DetectImageForm, LooksForFusedConvolutions) {
  Tower tower;
  tower.add("trunk.stem.0.conv_kxk.0.conv.weight", {64, 3, 3, 3});
  EXPECT_EQ(detect_image_form(tower), ImageForm::kTrain);
  tower.add("trunk.stem.1.reparam_conv.bias", {64});
  EXPECT_EQ(detect_image_form(tower), ImageForm::kFused);
}

TEST(ReadTower, TurnsOhwiIntoOihw) {
  // Values count up in OIHW order, so that the turned tensor must read 0, 1, 2, …
  const TensorTable table{{"conv.weight", {2, 3, 2, 2}}, {"point.weight", {2, 3, 1, 1}}, {"gamma", {2, 1, 1}}};
  struct Values final : Backing {
    std::vector<float> conv = std::vector<float>(24);
    std::vector<float> point{0, 1, 2, 3, 4, 5};
    std::vector<float> gamma{0, 1};
  };
  const auto values = std::make_shared<Values>();
  for (std::size_t i = 0; i < 24; ++i) {
    const std::size_t o = i / 12;
    const std::size_t in = i / 4 % 3;
    const std::size_t pixel = i % 4;
    values->conv[(o * 4 + pixel) * 3 + in] = static_cast<float>(i);
  }
  const auto stored = [](const char* name, Shape shape, const std::vector<float>& v) {
    return StoredTensor{.name = name,
                        .dtype = DType::kF32,
                        .shape = std::move(shape),
                        .bytes = std::as_bytes(std::span(v)),
                        .file = "f"};
  };
  const TensorStore store(
      {stored("conv.weight", {2, 2, 2, 3}, values->conv), stored("point.weight", {2, 1, 1, 3}, values->point),
       stored("gamma", {1, 1, 2}, values->gamma)},
      {values});
  StoredTower tower;
  for (const StoredTensor& tensor : store.tensors()) tower.emplace(tensor.name, &tensor);
  ASSERT_EQ(compare(tower, {{"conv.weight", {2, 3, 2, 2}}, {"point.weight", {2, 3, 1, 1}}}, ConvLayout::kOhwi)
                .misshapen.size(),
            0u);
  const TowerWeights weights = read_tower(store, tower, table, ConvLayout::kOhwi, {}, "reading");
  for (const auto& [name, shape] : table) {
    EXPECT_EQ(weights.at(name).shape, shape);
    for (std::size_t i = 0; i < weights.at(name).values.size(); ++i)
      EXPECT_EQ(weights.at(name).values[i], static_cast<float>(i)) << name;
  }
}

TEST(FindClosestModel, ForgivesWhatIsAmiss) {
  for (const ModelConfig& model : known_models()) {
    Tower image;
    Tower text;
    for (const auto& [name, shape] : image_tensors(model, ImageForm::kTrain)) {
      if (name != "trunk.head.fc.weight") image.add(name, shape);
    }
    for (const auto& [name, shape] : text_tensors(model.text, model.embed_dim)) text.add(name, shape);
    // Only a configuration can tell QuickGELU from GELU.
    EXPECT_TRUE(model.name.starts_with(find_closest_model(image, text).name)) << model.name;
  }
}

}  // namespace
}  // namespace mobileclip
