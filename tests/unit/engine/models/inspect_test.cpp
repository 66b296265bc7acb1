#include "engine/models/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/engine/models/model_fixture.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::link_model;
using testing::load_error_of;
using ::testing::SizeIs;
using testing::synthetic_s0;
using testing::TemporaryDirectory;

TEST(Inspect, DescribesASplitDirectory) {
  const Inspection model = inspect(synthetic_s0(DirectoryForm::kSplit));
  EXPECT_TRUE(model.is_directory);
  EXPECT_EQ(model.layout, "split");
  EXPECT_EQ(model.model, "MobileCLIP2-S0");
  EXPECT_EQ(model.image_form, "fused");
  EXPECT_EQ(model.conv_layout, "OIHW");
  EXPECT_THAT(model.vocabulary, HasSubstr(" tokens"));
  EXPECT_EQ(model.fingerprint.size(), 64u);
  EXPECT_TRUE(model.synthetic);
  EXPECT_THAT(model.problems, IsEmpty());
  ASSERT_THAT(model.files, SizeIs(2));
  EXPECT_EQ(model.files[0].tensors.size(), 310u);
  EXPECT_EQ(model.files[0].parameters, 11368512u);
  EXPECT_EQ(model.files[0].recognised, "image tower of MobileCLIP2-S0, fused form");
  EXPECT_EQ(model.files[1].parameters, 63428096u);
  EXPECT_EQ(model.files[1].recognised,
            "text tower of MobileCLIP2-S0, MobileCLIP2-S2, MobileCLIP-S1, MobileCLIP2-B, ViT-B-32, ViT-B-32-quickgelu, "
            "ViT-B-16, ViT-B-16-quickgelu");
}

TEST(Inspect, DescribesAFile) {
  const fs::path file = synthetic_s0(DirectoryForm::kOpenClip) / "open_clip_model.safetensors";
  const Inspection found = inspect(file);
  EXPECT_FALSE(found.is_directory);
  ASSERT_THAT(found.files, SizeIs(1));
  EXPECT_EQ(found.files[0].format, "safetensors");
  EXPECT_EQ(found.files[0].recognised, "MobileCLIP2-S0 in OpenCLIP's layout, train form");
  EXPECT_EQ(found.files[0].metadata.at("synthetic"), "seed 1");
  EXPECT_EQ(found.files[0].tensors[0].name, "logit_scale");
}

TEST(Inspect, DescribesAnyOtherFile) {
  const TemporaryDirectory directory;
  const fs::path file = directory.write(
      "x.safetensors",
      testing::safetensors_bytes(
          R"({"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[3],"data_offsets":[4,10]}})",
          std::string(10, '\0')));
  const Inspection found = inspect(file);
  EXPECT_EQ(found.files.at(0).parameters, 3u);
  EXPECT_EQ(found.files[0].bytes, 10u);
  EXPECT_EQ(found.files[0].recognised, "");
  EXPECT_EQ(found.files[0].problem, "");
}

TEST(Inspect, ReportsProblemsRatherThanThrowing) {
  const TemporaryDirectory directory;
  EXPECT_THAT(inspect(directory.write("bad.safetensors", "1234")).files.at(0).problem, HasSubstr("at least 8 bytes"));
  EXPECT_THAT(inspect(directory.write("bad.npz", "1234")).files.at(0).problem, HasSubstr("zip"));

  const fs::path model = directory.path() / "model";
  link_model(synthetic_s0(DirectoryForm::kSplit), model);
  fs::remove(model / "tokenizer.json");
  fs::remove(model / "image_encoder_weights.safetensors");
  directory.write("model/image_encoder_weights.safetensors", "1234");
  const Inspection found = inspect(model);
  EXPECT_THAT(found.problems, ElementsAre(HasSubstr("at least 8 bytes"), HasSubstr("tokenizer.json")));
  EXPECT_EQ(found.files.at(1).tensors.size(), 149u);
  EXPECT_EQ(found.model, "");

  fs::create_directory(directory.path() / "empty");
  EXPECT_THAT(inspect(directory.path() / "empty").problems,
              ElementsAre(HasSubstr("no weights found"), HasSubstr("tokenizer.json")));
}

TEST(Inspect, RefusesNothingAtAll) {
  EXPECT_THAT(load_error_of([] { (void)inspect("/nonexistent"); }), HasSubstr("/nonexistent: expected a weights file"));
}

}  // namespace
}  // namespace mobileclip
