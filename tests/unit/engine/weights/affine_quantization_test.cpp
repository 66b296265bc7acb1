// MLX's affine quantisation against the bytes that MLX's CPU routine writes (tests/reference/mlx_quant.py).
#include "engine/weights/affine_quantization.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/weights/float_conversion.h"
#include "engine/weights/synthetic.h"
#include "tests/support/random.h"
#include "tests/support/shared_data.h"

namespace mobileclip {
namespace {

using ::mobileclip::testing::random_floats;

template <typename T>
std::vector<T> flattened(const nlohmann::json& rows) {
  std::vector<T> values;
  for (const auto& row : rows) {
    for (const auto& value : row) values.push_back(value.get<T>());
  }
  return values;
}

std::vector<std::uint32_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits;
  for (const float v : values) bits.push_back(std::bit_cast<std::uint32_t>(v));
  return bits;
}

class MlxGoldens : public ::testing::Test {
 protected:
  MlxGoldens() {
    std::ifstream file(testing::source_dir() / "tests" / "golden" / "encoders" / "mlx_quant.json");
    goldens_ = nlohmann::json::parse(file);
  }

  /// What a golden's matrix holds, rounded to its type as the array given to MLX was.
  [[nodiscard]] std::vector<float> matrix(const nlohmann::json& golden) const {
    std::vector<float> values;
    if (golden["matrix"] == "even") {
      values.resize(std::size_t{4} * 256);
      fill_synthetic("even.weight", {4, 256}, 1, values);
    } else {
      values = flattened<float>(goldens_["edges"]);
    }
    if (golden["type"] == "F16") {
      for (float& v : values) v = f16_to_f32(f32_to_f16(v));
    }
    return values;
  }

  nlohmann::json goldens_;
};

AffineMatrix quantized(const nlohmann::json& golden, const std::vector<float>& values) {
  return quantize_affine(values, static_cast<std::int64_t>(golden["weight"].size()),
                         {.bits = golden["bits"], .group_size = golden["group_size"]},
                         *dtype_from_string(golden["type"].get<std::string>()));
}

TEST_F(MlxGoldens, QuantizesToTheSameBytes) {
  ASSERT_EQ(goldens_["cases"].size(), 24U);
  for (const auto& golden : goldens_["cases"]) {
    SCOPED_TRACE(golden["matrix"].get<std::string>() + " " + golden["type"].get<std::string>() + " " +
                 golden["bits"].dump() + " bits, groups of " + golden["group_size"].dump());
    const AffineMatrix found = quantized(golden, matrix(golden));
    EXPECT_EQ(found.words, flattened<std::uint32_t>(golden["weight"]));
    EXPECT_EQ(bits_of(found.scales), bits_of(flattened<float>(golden["scales"])));
    EXPECT_EQ(bits_of(found.biases), bits_of(flattened<float>(golden["biases"])));
  }
}

TEST_F(MlxGoldens, RestoresTheSameProducts) {
  for (const auto& golden : goldens_["cases"]) {
    const AffineMatrix packed = quantized(golden, matrix(golden));
    const std::vector<float> restored = dequantize(packed);
    const auto columns = static_cast<std::size_t>(packed.columns);
    std::vector<float> x(2 * columns);
    fill_synthetic("x.weight", {2, packed.columns}, 1, x);
    const auto expected = flattened<double>(golden["product"]);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const std::size_t row = i % static_cast<std::size_t>(packed.rows);
      const float* const input = x.data() + i / static_cast<std::size_t>(packed.rows) * columns;
      double sum = 0;
      double magnitude = 0;
      for (std::size_t k = 0; k < columns; ++k) {
        const double product = double{input[k]} * double{restored[row * columns + k]};
        sum += product;
        magnitude += std::abs(product);
      }
      EXPECT_NEAR(sum, expected[i], 2e-7 * magnitude + 1e-15);
    }
  }
}

TEST(AffineQuantization, IsOffByHalfAStepOrByOneAtTheEndNearerToZero) {
  for (const int bits : kAffineBits) {
    for (const int group_size : kAffineGroupSizes) {
      const std::vector<float> values = random_floats(std::size_t{6} * 384, 7);
      const AffineMatrix packed = quantize_affine(values, 6, {.bits = bits, .group_size = group_size});
      EXPECT_EQ(packed.columns, 384);
      EXPECT_EQ(packed.words.size(), values.size() * static_cast<std::size_t>(bits) / 32);
      EXPECT_EQ(packed.scales.size(), values.size() / static_cast<std::size_t>(group_size));
      const std::vector<float> restored = dequantize(packed);
      for (std::size_t i = 0; i < values.size(); ++i) {
        const float step = std::abs(packed.scales[i / static_cast<std::size_t>(group_size)]);
        ASSERT_NEAR(restored[i], values[i], 1.001F * step) << i;
      }
    }
  }
}

TEST(AffineQuantization, RoundsScalesAndBiasesToTheTypeAndNothingElse) {
  std::vector<float> values = random_floats(256, 8);
  for (float& v : values) v = bf16_to_f32(f32_to_bf16(v));
  const AffineFormat format{.bits = 4, .group_size = 64};
  const AffineMatrix exact = quantize_affine(values, 2, format);
  const AffineMatrix narrow = quantize_affine(values, 2, format, DType::kBF16);
  EXPECT_EQ(narrow.words, exact.words);
  for (std::size_t i = 0; i < exact.scales.size(); ++i) {
    EXPECT_EQ(narrow.scales[i], bf16_to_f32(f32_to_bf16(exact.scales[i])));
    EXPECT_EQ(narrow.biases[i], bf16_to_f32(f32_to_bf16(exact.biases[i])));
  }
}

TEST(AffineQuantization, RefusesARangeThatTheTypeCannotHold) {
  std::vector<float> values(64, 0.0F);
  values[0] = 3e38F;
  values[1] = -3e38F;
  EXPECT_THROW(quantize_affine(values, 1, {.bits = 8, .group_size = 64}), LoadError);
}

TEST(AffineQuantization, PacksTheFirstValueLowest) {
  const std::vector<std::uint8_t> nibbles{1, 2, 3, 4, 5, 6, 7, 15};
  EXPECT_EQ(pack_words(nibbles, 4), std::vector<std::uint32_t>{0xF7654321U});
  const std::vector<std::uint8_t> bytes{0x11, 0x22, 0x33, 0xFF};
  EXPECT_EQ(pack_words(bytes, 8), std::vector<std::uint32_t>{0xFF332211U});
  std::vector<std::uint8_t> found(8);
  unpack_words(std::vector<std::uint32_t>{0xF7654321U}, 4, found);
  EXPECT_EQ(found, nibbles);
  found.resize(4);
  unpack_words(std::vector<std::uint32_t>{0xFF332211U}, 8, found);
  EXPECT_EQ(found, bytes);
}

TEST(AffineFormat, KnowsWhatIsComputedWith) {
  for (const int bits : {2, 3, 5, 6, 16, 0, -4}) EXPECT_FALSE(is_supported({.bits = bits, .group_size = 64})) << bits;
  for (const int group : {0, 16, 48, 256, -32}) EXPECT_FALSE(is_supported({.bits = 4, .group_size = group})) << group;
  EXPECT_TRUE(is_supported({.bits = 8, .group_size = 128}));
  EXPECT_EQ(to_string(AffineFormat{.bits = 4, .group_size = 64}), "4 bits in groups of 64");
  EXPECT_FALSE((AffineFormat{.bits = 4, .group_size = 64}).fits(96));
}

}  // namespace
}  // namespace mobileclip
