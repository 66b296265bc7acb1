#include "engine/models/padded_linear.h"

#include <gtest/gtest.h>

#include "engine/kernels/dispatch.h"
#include "engine/weights/affine_quantization.h"
#include "tests/support/random.h"

namespace mobileclip {
namespace {

using testing::random_floats;

TEST(PaddedLinear, PutsEachGroupsChannelsWhereTheyLie) {
  const Channels out{.groups = 3, .size = 10};
  const Channels in{.groups = 2, .size = 24};
  ASSERT_EQ(out.padded(), 48);
  ASSERT_EQ(in.padded(), 64);
  ASSERT_EQ(in.position(25), 33);
  const auto weight = random_floats(30 * 48, 1);
  const auto bias = random_floats(30, 2);
  const Linear linear = padded_linear(weight, bias, out, in, Arithmetic::kFp32);
  const auto values = random_floats(48, 3);
  std::vector<float> x(64);
  for (int i = 0; i < in.count(); ++i)
    x[static_cast<std::size_t>(in.position(i))] = values[static_cast<std::size_t>(i)];
  std::vector<float> y(48, -1.0F);
  Serial serial;
  linear.forward({*kernels::find("auto"), serial, {}}, {x.data(), 64, 1}, {y.data(), 48, 1});
  double sum_of_all = 0;
  double sum_of_model = 0;
  for (const float v : y) sum_of_all += double{v};
  for (int o = 0; o < out.count(); ++o) {
    double expected = bias[static_cast<std::size_t>(o)];
    for (int i = 0; i < in.count(); ++i)
      expected += double{weight[static_cast<std::size_t>(o * 48 + i)]} * double{values[static_cast<std::size_t>(i)]};
    const float got = y[static_cast<std::size_t>(out.position(o))];
    EXPECT_NEAR(got, expected, 1e-5) << "output " << o;
    sum_of_model += double{got};
  }
  EXPECT_EQ(sum_of_all, sum_of_model) << "what fills the blocks up is zero";
}

std::vector<float> forward(const Linear& linear, const std::vector<float>& x) {
  std::vector<float> scratch(linear.scratch_per_worker());
  std::vector<float> y(static_cast<std::size_t>(linear.out_channels()));
  Serial serial;
  linear.forward({*kernels::find("auto"), serial, Scratch(scratch.data(), scratch.size())},
                 {const_cast<float*>(x.data()), linear.in_channels(), 1}, {y.data(), linear.out_channels(), 1});
  return y;
}

TEST(PaddedLinear, OfQuantizedWeightsIsThatOfTheRestored) {
  const Channels in{.size = 64};
  FoldedLayer quantized{.weight = {}, .bias = random_floats(40, 2)};
  quantized.quantized = quantize_affine(random_floats(40 * 64, 1), 40, {.bits = 4, .group_size = 32});
  const FoldedLayer restored{.weight = dequantize(*quantized.quantized), .bias = quantized.bias};
  const auto x = random_floats(64, 3);
  const Channels heads{.groups = 4, .size = 10};
  const auto expected = forward(padded_packed(restored, heads, in, Arithmetic::kFp32), x);
  EXPECT_EQ(expected.size(), 64u);
  EXPECT_EQ(forward(padded_packed(quantized, heads, in, Arithmetic::kFp32), x), expected);
}

}  // namespace
}  // namespace mobileclip
