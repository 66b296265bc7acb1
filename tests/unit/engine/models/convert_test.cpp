#include "engine/models/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/models/model_directory.h"
#include "engine/weights/float_conversion.h"
#include "engine/weights/safetensors.h"
#include "tests/unit/engine/models/model_fixture.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::link_model;
using testing::load_error_of;
using testing::synthetic_s0;
using testing::TemporaryDirectory;

const WeightsForm kFourBits{.quantized = AffineFormat{.bits = 4, .group_size = 64}};

nlohmann::json json_of(const fs::path& file) {
  std::ifstream stream(file);
  return nlohmann::json::parse(stream);
}

TEST(Convert, TurnsOpenClipIntoTheSameModelFused) {
  const TemporaryDirectory directory;
  const fs::path& source = synthetic_s0(DirectoryForm::kOpenClip);
  const fs::path target = directory.path() / "model";
  const ConvertReport report = convert_model(source, target, {});
  EXPECT_EQ(report.model, "MobileCLIP2-S0");
  EXPECT_EQ(report.source_layout, "OpenCLIP");
  EXPECT_EQ(report.tensors, 310u + 149u);
  EXPECT_TRUE(report.has_vocabulary);

  const LoadedClipModel before = load_clip_model(source);
  const LoadedClipModel after = load_clip_model(target);
  EXPECT_EQ(after.fingerprint, before.fingerprint);
  EXPECT_EQ(report.fingerprint, before.fingerprint);
  EXPECT_EQ(after.source_layout, "split");
  EXPECT_EQ(after.logit_scale, before.logit_scale);
  EXPECT_TRUE(after.synthetic);
  EXPECT_EQ(read_safetensors_metadata(target / "image_encoder_weights.safetensors").at("synthetic"), "seed 1");
}

TEST(Convert, RoundsToTheNearestOfANarrowerTypeAndNeedsNoVocabulary) {
  const TemporaryDirectory directory;
  const fs::path source = directory.path() / "source";
  link_model(synthetic_s0(DirectoryForm::kSplit), source);
  fs::remove(source / "tokenizer.json");
  const fs::path target = directory.path() / "model";
  EXPECT_FALSE(convert_model(source, target, {.dtype = DType::kF16}).has_vocabulary);
  const TensorStore before = read_safetensors(source / "image_encoder_weights.safetensors");
  const TensorStore after = read_safetensors(target / "image_encoder_weights.safetensors");
  const std::string name = "trunk.final_conv.reparam_conv.weight";
  EXPECT_EQ(after.find(name)->dtype, DType::kF16);
  const FloatTensor wide = before.floats(*before.find(name));
  const FloatTensor narrow = after.floats(*after.find(name));
  for (std::size_t i = 0; i < wide.values.size(); ++i)
    EXPECT_EQ(narrow.values[i], f16_to_f32(f32_to_f16(wide.values[i])));
}

TEST(Convert, RefusesValuesThatTheTypeCannotHold) {
  const TemporaryDirectory directory;
  const fs::path source = directory.path() / "source";
  link_model(synthetic_s0(DirectoryForm::kSplit), source);
  testing::rewrite(source / "image_encoder_weights.safetensors", [](std::vector<TensorToWrite>& tensors) {
    testing::named(tensors, "trunk.head.fc.bias").fill = [](std::span<float> out) { std::ranges::fill(out, 1e5F); };
  });
  const fs::path target = directory.path() / "target";
  EXPECT_THAT(load_error_of([&] { convert_model(source, target, {.dtype = DType::kF16}); }),
              HasSubstr("'trunk.head.fc.bias': expected values that F16 can hold, found 100000"));
  EXPECT_FALSE(fs::exists(target));
}

TEST(Convert, QuantisesAsMlxDoesAndBack) {
  const TemporaryDirectory directory;
  const fs::path& source = synthetic_s0(DirectoryForm::kOpenClip);
  const fs::path target = directory.path() / "model";
  const ConvertReport report = convert_model(source, target, kFourBits);
  EXPECT_EQ(report.model, "MobileCLIP2-S0");
  EXPECT_EQ(report.source_layout, "OpenCLIP");
  EXPECT_EQ(report.modules, 1U + 12 * 4);
  EXPECT_TRUE(report.has_vocabulary);
  EXPECT_LT(report.bytes, report.full_bytes * 3 / 8);

  const nlohmann::json expected{{"group_size", 64}, {"bits", 4}, {"mode", "affine"}};
  EXPECT_EQ(json_of(target / "config.json")["quantization"], expected);
  EXPECT_EQ(json_of(target / "config.json")["quantization_config"], expected);
  EXPECT_EQ(read_safetensors_metadata(target / "text_encoder_weights.safetensors").at("format"), "mlx");

  const LoadedClipModel before = load_clip_model(source);
  const LoadedClipModel after = load_clip_model(target);
  EXPECT_EQ(after.fingerprint, report.fingerprint);
  EXPECT_NE(after.fingerprint, before.fingerprint);
  EXPECT_TRUE(after.synthetic);
  EXPECT_EQ(after.text.size(), before.text.size());
  const std::string name = "transformer.resblocks.3.attn.in_proj_weight";
  const AffineMatrix made = quantize_affine(before.text.at(name).values, 1536, {.bits = 4, .group_size = 64});
  const AffineMatrix* const found = after.text.quantized(name);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->words, made.words);
  EXPECT_EQ(found->scales, made.scales);
  EXPECT_EQ(found->biases, made.biases);
  EXPECT_TRUE(after.text.quantized("token_embedding.weight"));
  EXPECT_FALSE(after.text.quantized("positional_embedding"));
  EXPECT_FALSE(after.text.quantized("text_projection"));
  EXPECT_TRUE(after.image.quantized().empty());

  // And back to full precision.
  const fs::path full = directory.path() / "full";
  convert_model(target, full, {});
  EXPECT_TRUE(load_clip_model(full).text.quantized().empty());
  EXPECT_EQ(load_clip_model(full).text.at(name).values[5], dequantize(made)[5]);

  EXPECT_THAT(load_error_of([&] { convert_model(target, directory.path() / "again", kFourBits); }),
              HasSubstr("expected a model in full precision, found 'token_embedding' in 4 bits in groups of 64"));
  EXPECT_FALSE(fs::exists(directory.path() / "again"));

  fs::remove(target / "config.json");
  EXPECT_THAT(load_error_of([&] { load_clip_model(target); }), HasSubstr("expected a configuration with"));
}

TEST(Convert, RefusesToOverwrite) {
  const fs::path& source = synthetic_s0(DirectoryForm::kSplit);
  EXPECT_THAT(load_error_of([&] { convert_model(source, source, {}); }), HasSubstr("new or an empty directory"));
}

}  // namespace
}  // namespace mobileclip
