// Quantised modules among a tower's stored tensors, and what may be wrong with them.
#include "engine/models/quantized_module.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/models/model_writer.h"
#include "engine/models/tower_reader.h"
#include "tests/support/random.h"
#include "tests/unit/engine/models/model_fixture.h"

namespace mobileclip {
namespace {

using ::testing::HasSubstr;
using testing::random_floats;
using testing::TemporaryDirectory;

const TensorTable kTable{{"emb.weight", {6, 128}}, {"attn.in_proj_weight", {8, 64}}, {"norm.weight", {64}}};
constexpr AffineFormat kFormat{.bits = 4, .group_size = 64};

TEST(ModuleOfWeight, IsThePathThatMlxWouldQuantise) {
  EXPECT_EQ(module_of_weight("mlp.c_fc.weight"), "mlp.c_fc");
  EXPECT_EQ(module_of_weight("attn.in_proj_weight"), "attn.in_proj");
  EXPECT_FALSE(module_of_weight("positional_embedding"));
  EXPECT_FALSE(module_of_weight("mlp.c_fc.bias"));
}

/// A file of the table's tensors, its matrices quantised, after `edit`.
class QuantizedTower : public ::testing::Test {
 protected:
  using Tensors = std::vector<TensorToWrite>;

  QuantizedTower() {
    for (const auto& [name, shape] : kTable) {
      std::vector<float> values = random_floats(static_cast<std::size_t>(element_count(shape)), 1);
      if (shape.size() == 2) {
        tower_.emplace(name, quantize_affine(values, shape[0], kFormat));
      } else {
        tower_.emplace(name, owned_tensor(shape, std::move(values)));
      }
    }
  }

  void write(const std::function<void(Tensors&)>& edit = [](Tensors&) {}) {
    const auto file = directory_.path() / "tower.safetensors";
    write_tower(file, tower_, kTable, DType::kF32, {{"format", "mlx"}}, {});
    const TensorStore written = read_safetensors(file);
    Tensors tensors = testing::tensors_of(written);
    edit(tensors);
    write_safetensors(directory_.path() / "edited.safetensors", std::move(tensors));
    store_ = read_safetensors(directory_.path() / "edited.safetensors");
    stored_.clear();
    for (const StoredTensor& tensor : store_.tensors()) stored_.emplace(tensor.name, &tensor);
  }

  [[nodiscard]] std::string problems(const QuantizationConfig& config) const {
    return compare(stored_, kTable, ConvLayout::kOihw, config).describe();
  }

  TemporaryDirectory directory_;
  TowerWeights tower_;
  TensorStore store_;
  StoredTower stored_;
};

TEST_F(QuantizedTower, IsReadAsItWasWritten) {
  write();
  EXPECT_TRUE(stored_.contains("attn.in_proj.weight")) << "a matrix of three projections is a module in MLX";
  const QuantizationConfig config{.format = kFormat, .modules = {}};
  ASSERT_EQ(problems(config), "");
  const TowerWeights read = read_tower(store_, stored_, kTable, ConvLayout::kOihw, config, "reading");
  check_read_back(tower_, read, DType::kF32, "x");
  EXPECT_EQ(read.quantized().size(), 2U);
  EXPECT_EQ(read.quantized("emb.weight")->format, kFormat);
  EXPECT_FALSE(read.quantized("norm.weight"));
  EXPECT_TRUE(read.contains("emb.weight"));
  EXPECT_THROW((void)read.at("missing"), std::out_of_range);
  // For who wants float32.
  const FloatTensor& restored = read.at("emb.weight");
  EXPECT_EQ(restored.shape, (Shape{6, 128}));
  EXPECT_EQ(std::vector<float>(restored.values.begin(), restored.values.end()),
            dequantize(*read.quantized("emb.weight")));
  EXPECT_EQ(restored.values.data(), read.at("emb.weight").values.data());
}

TEST_F(QuantizedTower, NeedsAConfigurationThatSaysSo) {
  write();
  EXPECT_THAT(problems({}), HasSubstr("'emb' expected a configuration with \"quantization\" for it"));
  EXPECT_THAT(problems({.format = kFormat, .modules = {{"emb", std::nullopt}}}),
              HasSubstr("1 tensor misshapen: 'emb'"));
  EXPECT_THAT(problems({.format = AffineFormat{.bits = 8, .group_size = 64}, .modules = {}}),
              HasSubstr("'emb.weight' expected [6, 32] for 8 bits in groups of 64, found [6, 16]"));
  EXPECT_THAT(problems({.format = AffineFormat{.bits = 4, .group_size = 32}, .modules = {}}),
              HasSubstr("'emb.scales' expected [6, 4] for 4 bits in groups of 32, found [6, 2]"));
  EXPECT_THAT(problems({.format = AffineFormat{.bits = 4, .group_size = 128}, .modules = {{"emb", kFormat}}}),
              HasSubstr("'attn.in_proj' expected rows of whole groups, found [8, 64]"));
}

TEST_F(QuantizedTower, NamesWhatIsMissingMisshapenAndUnused) {
  const QuantizationConfig config{.format = kFormat, .modules = {}};
  const auto without = [](std::string_view name) {
    return [name](Tensors& tensors) { std::erase_if(tensors, [&](const auto& t) { return t.name == name; }); };
  };
  write(without("emb.biases"));
  EXPECT_THAT(problems(config), HasSubstr("'emb.biases' expected [6, 2], found none"));
  write(without("emb.weight"));
  EXPECT_THAT(problems(config), HasSubstr("'emb.weight' expected [6, 16], found none"));
  write(without("emb.scales"));  // then it is no quantised module
  EXPECT_THAT(problems(config), HasSubstr("'emb.weight' expected [6, 128], found [6, 16]"));
  EXPECT_THAT(problems(config), HasSubstr("1 tensor unused: 'emb.biases' [6, 2]"));
  write([](Tensors& tensors) {
    testing::named(tensors, "emb.weight").dtype = DType::kF32;
    testing::named(tensors, "emb.weight").fill = [](std::span<float> out) { std::ranges::fill(out, 1.0F); };
  });
  EXPECT_THAT(problems(config), HasSubstr("'emb.weight' expected dtype U32, found F32"));
  write([](Tensors& tensors) {
    const auto fill = [](std::span<float> out) { std::ranges::fill(out, 1.0F); };
    tensors.push_back({.name = "norm.scales", .dtype = DType::kF32, .shape = {1}, .fill = fill});
    tensors.push_back({.name = "attn.in_proj_weight", .dtype = DType::kF32, .shape = {8, 64}, .fill = fill});
  });
  EXPECT_THAT(problems(config), HasSubstr("'norm' expected not to be quantised"));
  EXPECT_THAT(problems(config), HasSubstr("unused: 'attn.in_proj_weight' [8, 64]"));
}

TEST_F(QuantizedTower, RefusesScalesThatAreNotFinite) {
  write([](Tensors& tensors) {
    testing::named(tensors, "emb.scales").fill = [](std::span<float> out) { std::ranges::fill(out, NAN); };
  });
  EXPECT_THAT(testing::load_error_of([&] {
                read_tower(store_, stored_, kTable, ConvLayout::kOihw, {.format = kFormat, .modules = {}}, "reading");
              }),
              HasSubstr("'emb.scales': expected finite values"));
}

}  // namespace
}  // namespace mobileclip
