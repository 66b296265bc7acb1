#include "engine/models/weights_form.h"

#include <gtest/gtest.h>

#include "engine/models/model_writer.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

TEST(InForm, RoundsToTheTypeBeforeItQuantises) {
  const std::vector<float> values{0.1F, 0.2F, 0.3F, 0.7F};
  std::vector<float> row;
  for (int i = 0; i < 16; ++i) row.insert(row.end(), values.begin(), values.end());
  TowerWeights tower;
  tower.emplace("a.weight", owned_tensor({1, 64}, row));
  tower.emplace("a.bias", owned_tensor({1}, {0.1F}));
  const WeightsForm form{.dtype = DType::kF16, .quantized = AffineFormat{.bits = 8, .group_size = 32}};
  const TowerWeights quantized = in_form(tower, {{"a.weight", {1, 64}}, {"a.bias", {1}}}, form);
  for (float& v : row) v = as_stored(v, DType::kF16);
  const AffineMatrix expected = quantize_affine(row, 1, *form.quantized, DType::kF16);
  EXPECT_EQ(quantized.quantized("a.weight")->words, expected.words);
  EXPECT_EQ(quantized.quantized("a.weight")->scales, expected.scales);
  EXPECT_FALSE(quantized.quantized("a.bias"));
}

TEST(TowerFileBytes, IsWhatIsWritten) {
  const testing::TemporaryDirectory directory;
  const TensorTable table{{"a.weight", {3, 64}}, {"a.bias", {3}}, {"b.weight", {5, 20}}, {"n.running_var", {2}}};
  TowerWeights tower;
  for (const auto& [name, shape] : table) {
    tower.emplace(name, owned_tensor(shape, std::vector<float>(static_cast<std::size_t>(element_count(shape)), 0.25F)));
  }
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    for (const std::optional<AffineFormat> format : {std::optional<AffineFormat>(), {{.bits = 4, .group_size = 32}}}) {
      const WeightsForm form{.dtype = dtype, .quantized = format};
      const auto metadata = weights_metadata(form, "seed 1");
      const auto file = directory.path() / "weights.safetensors";
      write_tower(file, in_form(tower, table, form), table, dtype, metadata, {});
      EXPECT_EQ(tower_file_bytes(table, form, metadata), std::filesystem::file_size(file)) << to_string(form);
    }
  }
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
