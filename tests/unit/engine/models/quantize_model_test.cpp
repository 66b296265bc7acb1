#include "engine/models/quantize_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/models/convert.h"
#include "engine/models/model_directory.h"
#include "engine/weights/safetensors.h"
#include "tests/unit/engine/models/model_fixture.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::load_error_of;
using testing::synthetic_s0;
using testing::TemporaryDirectory;

nlohmann::json json_of(const fs::path& file) {
  std::ifstream stream(file);
  return nlohmann::json::parse(stream);
}

TEST(QuantizeModel, WritesWhatMlxWouldAndLoads) {
  const TemporaryDirectory directory;
  const fs::path& source = synthetic_s0(DirectoryForm::kOpenClip);
  const fs::path target = directory.path() / "model";
  const QuantizeReport report = quantize_model(source, target, {.format = {.bits = 4, .group_size = 64}});
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

  EXPECT_THAT(load_error_of([&] { quantize_model(target, directory.path() / "again", {}); }),
              HasSubstr("expected a model in full precision, found tensor"));
  EXPECT_FALSE(fs::exists(directory.path() / "again"));

  fs::remove(target / "config.json");
  EXPECT_THAT(load_error_of([&] { load_clip_model(target); }), HasSubstr("expected a configuration with"));
}

TEST(QuantizeTower, RoundsToTheTypeBeforeItQuantises) {
  const std::vector<float> values{0.1F, 0.2F, 0.3F, 0.7F};
  std::vector<float> row;
  for (int i = 0; i < 16; ++i) row.insert(row.end(), values.begin(), values.end());
  TowerWeights tower;
  tower.emplace("a.weight", owned_tensor({1, 64}, row));
  tower.emplace("a.bias", owned_tensor({1}, {0.1F}));
  const QuantizeOptions options{.format = {.bits = 8, .group_size = 32}, .dtype = DType::kF16};
  const TowerWeights quantized = quantize_tower(tower, {{"a.weight", {1, 64}}, {"a.bias", {1}}}, options);
  for (float& v : row) v = as_stored(v, DType::kF16);
  const AffineMatrix expected = quantize_affine(row, 1, options.format, DType::kF16);
  EXPECT_EQ(quantized.quantized("a.weight")->words, expected.words);
  EXPECT_EQ(quantized.quantized("a.weight")->scales, expected.scales);
  EXPECT_FALSE(quantized.quantized("a.bias"));
}

TEST(IsQuantizable, TakesMatricesOfWholeGroupsThatAreWeights) {
  const AffineFormat format{.bits = 4, .group_size = 64};
  EXPECT_TRUE(is_quantizable("mlp.c_fc.weight", {2048, 512}, format));
  EXPECT_TRUE(is_quantizable("attn.in_proj_weight", {1536, 512}, format));
  EXPECT_FALSE(is_quantizable("mlp.c_fc.weight", {2048, 96}, format));
  EXPECT_FALSE(is_quantizable("ln_1.weight", {512}, format));
  EXPECT_FALSE(is_quantizable("conv.weight", {64, 64, 1, 1}, format));
  EXPECT_FALSE(is_quantizable("positional_embedding", {77, 512}, format));
}

}  // namespace
}  // namespace mobileclip
