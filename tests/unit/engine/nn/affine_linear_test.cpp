// Linear layers whose weights stay in MLX's affine form, against those with the restored weights.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/kernels/dispatch.h"
#include "engine/nn/linear.h"
#include "engine/weights/affine_quantization.h"
#include "tests/support/amx_emulation.h"
#include "tests/support/backwards.h"
#include "tests/support/random.h"

namespace mobileclip {
namespace {

using testing::Backwards;
using testing::random_floats;

AffineWeight view(const AffineMatrix& matrix) {
  return {.bits = matrix.format.bits,
          .group_size = matrix.format.group_size,
          .words = matrix.words,
          .scales = matrix.scales,
          .biases = matrix.biases};
}

struct Case {
  int bits;
  int group_size;
  Arithmetic arithmetic;
};

class AffineLinear : public ::testing::TestWithParam<Case> {
 protected:
  static constexpr int kRows = 109;  // two tasks of rows
  static constexpr int kOut = 208;   // an odd number of blocks
  static constexpr int kIn = 384;

  AffineLinear()
      : weight_(random_floats(std::size_t{kOut} * kIn, 1, 0.2F)),
        bias_(random_floats(kOut, 2)),
        x_(random_floats(std::size_t{kRows} * kIn, 3)),
        residual_(random_floats(std::size_t{kRows} * kOut, 4)) {}

  [[nodiscard]] std::vector<float> run(const kernels::Kernels& kernels, Parallel& parallel, const Linear& linear,
                                       BlockRange range = {.begin = 0, .end = kOut / kChannelBlock}) {
    std::vector<float> scratch(std::size_t{3} * linear.scratch_per_worker(), NAN);
    const int channels = (range.end - range.begin) * kChannelBlock;
    std::vector<float> y(static_cast<std::size_t>(kRows * channels));
    linear.forward_range(
        {kernels, parallel, Scratch(scratch.data(), linear.scratch_per_worker())}, range, {x_.data(), kIn, kRows},
        {y.data(), channels, kRows},
        {.activation = Activation::kGelu,
         .residual = residual_.data() + std::size_t{kRows} * kChannelBlock * static_cast<std::size_t>(range.begin)});
    return y;
  }

  std::vector<float> weight_;
  std::vector<float> bias_;
  std::vector<float> x_;  // blocked
  std::vector<float> residual_;
};

TEST_P(AffineLinear, GivesWhatTheRestoredWeightsGiveAndSplitsWithoutATrace) {
  const auto& [bits, group_size, arithmetic] = GetParam();
  const kernels::Kernels& kernels =
      arithmetic == Arithmetic::kSplitBf16 ? testing::emulated_amx() : *kernels::find("auto");
  const AffineMatrix packed = quantize_affine(weight_, kOut, {.bits = bits, .group_size = group_size});
  const Linear linear(kOut, kIn, view(packed), bias_, arithmetic);
  Serial serial;
  Backwards backwards;
  const std::vector<float> y = run(kernels, serial, linear);
  EXPECT_EQ(run(kernels, backwards, linear), y);

  const Linear restored(kOut, kIn, dequantize(packed), bias_,
                        arithmetic == Arithmetic::kInt8 ? Arithmetic::kBf16 : arithmetic);
  const std::vector<float> expected = run(kernels, serial, restored);
  // Weights may differ in their last bit, of bfloat16 now and then.
  const float tolerance = arithmetic == Arithmetic::kFp32 || arithmetic == Arithmetic::kSplitBf16 ? 1e-5F : 1e-2F;
  for (std::size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], expected[i], tolerance) << i;

  const BlockRange middle{.begin = 3, .end = 6};
  const std::vector<float> part = run(kernels, serial, linear, middle);
  const auto begin = y.begin() + std::ptrdiff_t{kRows} * kChannelBlock * middle.begin;
  EXPECT_TRUE(std::equal(part.begin(), part.end(), begin));
}

INSTANTIATE_TEST_SUITE_P(Formats, AffineLinear,
                         ::testing::Values(Case{8, 64, Arithmetic::kFp32}, Case{4, 64, Arithmetic::kFp32},
                                           Case{8, 32, Arithmetic::kFp32}, Case{4, 32, Arithmetic::kFp32},
                                           Case{8, 128, Arithmetic::kFp32}, Case{4, 128, Arithmetic::kFp32},
                                           Case{8, 64, Arithmetic::kSplitBf16}, Case{4, 32, Arithmetic::kSplitBf16},
                                           Case{8, 128, Arithmetic::kBf16}, Case{4, 64, Arithmetic::kBf16},
                                           Case{4, 64, Arithmetic::kInt8}),
                         [](const auto& p) {
                           std::string name = std::string(to_string(p.param.arithmetic)) + "_" +
                                              std::to_string(p.param.bits) + "_bits_" +
                                              std::to_string(p.param.group_size);
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

}  // namespace
}  // namespace mobileclip
