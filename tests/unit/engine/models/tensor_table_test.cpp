#include "engine/models/tensor_table.h"

#include <gtest/gtest.h>

namespace mobileclip {
namespace {

struct Count {
  std::size_t tensors;
  std::int64_t parameters;
  bool operator==(const Count&) const = default;
};

Count count(const TensorTable& table) {
  Count count{.tensors = table.size(), .parameters = 0};
  for (const auto& [name, shape] : table) count.parameters += element_count(shape);
  return count;
}

// The counts stand in tests/golden/<model>.json, made by the PyTorch reference.
TEST(TensorTable, CountsAreTheReferences) {
  struct Row {
    const char* model;
    Count fused;
    Count train;
    Count text;
  };
  for (const Row& row :
       std::initializer_list<Row>{{"MobileCLIP2-S0", {288, 11368512}, {670, 11457664}, {149, 63428096}},
                                  {"MobileCLIP-S1", {540, 21483072}, {1228, 21630976}, {149, 63428096}},
                                  {"MobileCLIP2-S2", {588, 35733072}, {1344, 35939712}, {149, 63428096}},
                                  {"MobileCLIP2-S3", {586, 125109984}, {1313, 125401152}, {149, 123650304}},
                                  {"MobileCLIP2-S4", {618, 321625472}, {1345, 322013696}, {149, 123650304}}}) {
    SCOPED_TRACE(row.model);
    const ModelConfig& model = *find_model(row.model);
    EXPECT_EQ(count(image_tensors(model, ImageForm::kFused)), row.fused);
    EXPECT_EQ(count(image_tensors(model, ImageForm::kTrain)), row.train);
    EXPECT_EQ(count(text_tensors(model.text, model.embed_dim)), row.text);
  }
}

TEST(TensorTable, HasPublishedNamesAndShapes) {
  const ModelConfig& s0 = *find_model("MobileCLIP2-S0");
  const TensorTable fused = image_tensors(s0, ImageForm::kFused);
  EXPECT_EQ(fused.at("trunk.stem.1.reparam_conv.weight"), (Shape{64, 1, 3, 3}));
  EXPECT_EQ(fused.at("trunk.stages.3.pos_emb.reparam_conv.weight"), (Shape{512, 1, 7, 7}));
  EXPECT_EQ(fused.at("trunk.final_conv.se.fc1.weight"), (Shape{64, 1024, 1, 1}));
  EXPECT_EQ(fused.at("trunk.stages.0.blocks.0.layer_scale.gamma"), (Shape{64, 1, 1}));
  const TensorTable train = image_tensors(s0, ImageForm::kTrain);
  EXPECT_EQ(train.at("trunk.stem.0.conv_scale.conv.weight"), (Shape{64, 3, 1, 1}));
  EXPECT_TRUE(train.contains("trunk.stages.1.downsample.proj.0.small_conv.bn.running_var"));
  EXPECT_FALSE(
      image_tensors(*find_model("MobileCLIP2-S3"), ImageForm::kTrain).contains("trunk.stem.0.conv_scale.conv.weight"));
  const TensorTable text = text_tensors(s0.text, 512);
  EXPECT_EQ(text.at("token_embedding.weight"), (Shape{49408, 512}));
  EXPECT_EQ(text.at("transformer.resblocks.11.attn.in_proj_weight"), (Shape{1536, 512}));
}

TEST(TensorTable, OfVitsHasTheReferencesCounts) {
  struct Row {
    const char* model;
    Count image;
    Count text;
  };
  for (const Row& row : std::initializer_list<Row>{{"MobileCLIP2-B", {162, 86349824}, {149, 63428096}},
                                                   {"MobileCLIP2-L-14", {297, 303966976}, {149, 123650304}},
                                                   {"ViT-B-16", {152, 86192640}, {149, 63428096}},
                                                   {"ViT-B-32-quickgelu", {152, 87849216}, {149, 63428096}}}) {
    SCOPED_TRACE(row.model);
    const ModelConfig& model = *find_model(row.model);
    EXPECT_EQ(count(image_tensors(model, ImageForm::kFused)), row.image);
    EXPECT_EQ(count(image_tensors(model, ImageForm::kTrain)), row.image);
    EXPECT_EQ(count(text_tensors(model.text, model.embed_dim)), row.text);
  }
}

TEST(TensorTable, KnowsBatchCounters) {
  EXPECT_TRUE(is_batch_counter("trunk.stem.0.identity.num_batches_tracked"));
  EXPECT_FALSE(is_batch_counter("trunk.stem.0.identity.running_var"));
}

}  // namespace
}  // namespace mobileclip
