// Every kernel of every instruction set this CPU has, against plain double loops: odd sizes, misaligned pointers, and
// the promise that an output value does not depend on how rows and blocks are split over calls.
#include "engine/kernels/kernels.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/kernels/dispatch.h"
#include "tests/support/random.h"
#include "tests/unit/engine/kernels/every_isa.h"

namespace mobileclip::kernels {
namespace {

INSTANTIATE_TEST_SUITE_P(Isa, EveryIsa, ::testing::ValuesIn(kIsaNames), [](const auto& param) { return param.param; });

using ::mobileclip::testing::random_floats;

struct GemmCase {
  std::size_t rows, n_blocks, k;
  Activation activation;
  bool bias, residual;
};

struct GemmData {
  explicit GemmData(const GemmCase& c)
      : a(random_floats((c.k + kBlock - 1) / kBlock * c.rows * kBlock + 1, 1)),
        b(random_floats(c.n_blocks * c.k * kBlock + 1, 2)),
        bias(random_floats(c.n_blocks * kBlock + 1, 3)),
        residual(random_floats(c.n_blocks * c.rows * kBlock + 1, 4)),
        out(c.n_blocks * c.rows * kBlock + 1, -7.0F),
        gemm{.a = a.data() + 1,  // one float off: no kernel may ask for alignment
             .a_stride = c.rows * kBlock,
             .b = b.data() + 1,
             .b_stride = c.k * kBlock,
             .bias = c.bias ? bias.data() + 1 : nullptr,
             .residual = c.residual ? residual.data() + 1 : nullptr,
             .c = out.data() + 1,
             .c_stride = c.rows * kBlock,
             .rows = c.rows,
             .n_blocks = c.n_blocks,
             .k = c.k,
             .activation = c.activation} {}

  double expected(std::size_t row, std::size_t n) const {
    double sum = gemm.bias ? gemm.bias[n] : 0.0;
    for (std::size_t k = 0; k < gemm.k; ++k) {
      sum += double{gemm.a[k / kBlock * gemm.a_stride + row * kBlock + k % kBlock]} *
             double{gemm.b[n / kBlock * gemm.b_stride + k * kBlock + n % kBlock]};
    }
    sum = exact(sum, gemm.activation);
    if (gemm.residual) sum += gemm.residual[n / kBlock * gemm.c_stride + row * kBlock + n % kBlock];
    return sum;
  }

  std::vector<float> a, b, bias, residual, out;
  Gemm gemm;
};

const GemmCase kGemmCases[] = {
    {.rows = 1, .n_blocks = 1, .k = 16, .activation = Activation::kNone, .bias = false, .residual = false},
    {.rows = 1, .n_blocks = 3, .k = 5, .activation = Activation::kRelu, .bias = true, .residual = false},
    {.rows = 13, .n_blocks = 2, .k = 64, .activation = Activation::kGelu, .bias = true, .residual = true},
    {.rows = 14, .n_blocks = 5, .k = 77, .activation = Activation::kNone, .bias = true, .residual = true},
    {.rows = 15, .n_blocks = 4, .k = 33, .activation = Activation::kGelu, .bias = false, .residual = false},
    {.rows = 77, .n_blocks = 7, .k = 48, .activation = Activation::kRelu, .bias = true, .residual = true},
    {.rows = 29, .n_blocks = 3, .k = 32, .activation = Activation::kGeluTanh, .bias = true, .residual = true},
    {.rows = 5, .n_blocks = 2, .k = 16, .activation = Activation::kQuickGelu, .bias = true, .residual = true},
    {.rows = 16, .n_blocks = 1, .k = 16, .activation = Activation::kSilu, .bias = false, .residual = false},
    {.rows = 3, .n_blocks = 1, .k = 40, .activation = Activation::kTanh, .bias = true, .residual = false},
    {.rows = 101, .n_blocks = 2, .k = 512, .activation = Activation::kNone, .bias = true, .residual = false},
};

TEST_P(EveryIsa, GemmMatchesPlainLoops) {
  for (const GemmCase& c : kGemmCases) {
    GemmData data(c);
    kernels_->gemm(data.gemm);
    for (std::size_t row = 0; row < c.rows; ++row) {
      for (std::size_t n = 0; n < c.n_blocks * kBlock; ++n) {
        const float got = data.gemm.c[n / kBlock * data.gemm.c_stride + row * kBlock + n % kBlock];
        ASSERT_NEAR(got, data.expected(row, n), 2e-6 * std::sqrt(double(c.k)) + 1e-6)
            << "row " << row << ", channel " << n << " of " << c.rows << " x " << c.n_blocks << " blocks, k " << c.k;
      }
    }
    EXPECT_EQ(data.out.front(), -7.0F) << "wrote before the output";
  }
}

TEST_P(EveryIsa, GemmGivesTheSameBitsHoweverRowsAndBlocksAreSplit) {
  const GemmCase c{.rows = 77, .n_blocks = 5, .k = 96, .activation = Activation::kGelu, .bias = true, .residual = true};
  GemmData whole(c);
  kernels_->gemm(whole.gemm);
  for (const std::size_t rows_a_call : {1, 2, 5, 14, 30}) {
    GemmData parts(c);
    for (std::size_t block = 0; block < c.n_blocks; ++block) {
      for (std::size_t row = 0; row < c.rows; row += rows_a_call) {
        Gemm part = parts.gemm;
        const std::size_t at = block * part.c_stride + row * kBlock;
        part.a += row * kBlock;
        part.b += block * part.b_stride;
        part.bias += block * kBlock;
        part.residual += at;
        part.c += at;
        part.rows = std::min(rows_a_call, c.rows - row);
        part.n_blocks = 1;
        kernels_->gemm(part);
      }
    }
    EXPECT_EQ(whole.out, parts.out) << rows_a_call << " rows a call";
  }
}

TEST_P(EveryIsa, GeluIsExactToFloat32AndSaturates) {
  std::vector<float> values;
  for (float x = -12; x <= 12; x += 0.001F) values.push_back(x);
  values.insert(values.end(), {0.0F, -0.0F, 1e-30F, -1e-30F, 40.0F, -40.0F, 3e4F, -3e4F, 1e18F, -1e18F});
  while (values.size() % kBlock != 0) values.push_back(0);
  std::vector<float> out = values;
  const std::vector<float> ones(kBlock, 1.0F);
  kernels_->scale_block(out.data(), ones.data(), values.size() / kBlock, Activation::kGelu);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double tolerance = 1e-6 * std::max(0.5, std::abs(double{values[i]}) * 0.3);
    ASSERT_NEAR(out[i], exact(values[i], Activation::kGelu), tolerance) << "gelu(" << values[i] << ")";
  }
}

TEST_P(EveryIsa, TheOtherActivationsAreExactToFloat32AndSaturate) {
  std::vector<float> values;
  for (float x = -20; x <= 20; x += 0.001F) values.push_back(x);
  values.insert(values.end(), {0.0F, -0.0F, 1e-30F, -1e-30F, 1e-4F, 88.0F, -88.0F, 3e4F, -3e4F, 1e12F, -1e12F});
  while (values.size() % kBlock != 0) values.push_back(0);
  const std::vector<float> ones(kBlock, 1.0F);
  for (const Activation activation : {Activation::kGeluTanh, Activation::kQuickGelu, Activation::kSilu,
                                      Activation::kSigmoid, Activation::kTanh, Activation::kRelu}) {
    std::vector<float> out = values;
    kernels_->scale_block(out.data(), ones.data(), values.size() / kBlock, activation);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double expected = exact(values[i], activation);
      ASSERT_NEAR(out[i], expected,
                  1e-6 * std::abs(expected) + 4e-7 * std::min(1.0, std::abs(double{values[i]})) + 1e-37)
          << "activation " << static_cast<int>(activation) << " of " << values[i];
    }
  }
}

struct DepthwiseCase {
  int kernel, stride;
  void (*Kernels::*run)(const Depthwise&);
};

TEST_P(EveryIsa, DepthwiseMatchesPlainLoops) {
  for (const DepthwiseCase& c :
       {DepthwiseCase{3, 1, &Kernels::depthwise3x3}, DepthwiseCase{3, 2, &Kernels::depthwise3x3_stride2},
        DepthwiseCase{7, 1, &Kernels::depthwise7x7}, DepthwiseCase{7, 2, &Kernels::depthwise7x7_stride2}}) {
    for (const int width : {1, 2, 5, 8, 11, 16}) {
      const int height = 3;
      const int in_width = (width - 1) * c.stride + c.kernel;
      const int in_height = (height - 1) * c.stride + c.kernel;
      const auto in = random_floats(static_cast<std::size_t>(in_width * in_height) * kBlock, 5);
      const auto weight = random_floats(static_cast<std::size_t>(c.kernel * c.kernel) * kBlock, 6);
      const auto bias = random_floats(kBlock, 7);
      std::vector<float> out(static_cast<std::size_t>(width * height) * kBlock);
      (kernels_->*c.run)({.in = in.data(),
                          .in_width = static_cast<std::size_t>(in_width),
                          .out = out.data(),
                          .out_rows = static_cast<std::size_t>(height),
                          .out_width = static_cast<std::size_t>(width),
                          .weight = weight.data(),
                          .bias = bias.data(),
                          .activation = Activation::kGelu});
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          for (int channel = 0; channel < static_cast<int>(kBlock); ++channel) {
            double sum = bias[static_cast<std::size_t>(channel)];
            for (int ky = 0; ky < c.kernel; ++ky) {
              for (int kx = 0; kx < c.kernel; ++kx) {
                const int pixel = (y * c.stride + ky) * in_width + x * c.stride + kx;
                sum += double{in[static_cast<std::size_t>(pixel * 16 + channel)]} *
                       double{weight[static_cast<std::size_t>((ky * c.kernel + kx) * 16 + channel)]};
              }
            }
            ASSERT_NEAR(out[static_cast<std::size_t>((y * width + x) * 16 + channel)], exact(sum, Activation::kGelu),
                        2e-5)
                << c.kernel << "x" << c.kernel << " stride " << c.stride << " at " << x << ", " << y;
          }
        }
      }
    }
  }
}

TEST_P(EveryIsa, LayerNormMatchesPlainLoops) {
  for (const std::size_t channels : {80, 73, 30, 5}) {
    const std::size_t rows = 9;
    const std::size_t blocks = (channels + kBlock - 1) / kBlock;
    const double n = double(channels);
    auto x = random_floats(rows * blocks * kBlock, 8);
    for (float& v : x) v += 100.0F;  // a large mean: a one-pass variance would lose all its digits
    for (std::size_t b = 0; b < blocks; ++b) {
      for (std::size_t lane = 0; lane < kBlock; ++lane) x[(b * rows + 4) * kBlock + lane] = 3.0F;  // a constant row
    }
    auto weight = random_floats(blocks * kBlock, 9);
    auto bias = random_floats(blocks * kBlock, 10);
    std::fill(weight.begin() + static_cast<std::ptrdiff_t>(channels), weight.end(), 0.0F);
    std::fill(bias.begin() + static_cast<std::ptrdiff_t>(channels), bias.end(), 0.0F);
    std::vector<float> y(x.size(), -1.0F);
    kernels_->layer_norm({.x = x.data(),
                          .x_stride = rows * kBlock,
                          .y = y.data(),
                          .y_stride = rows * kBlock,
                          .weight = weight.data(),
                          .bias = bias.data(),
                          .rows = rows,
                          .channels = channels,
                          .eps = 1e-5F});
    const auto at = [&](std::size_t row, std::size_t c) {
      return c / kBlock * rows * kBlock + row * kBlock + c % kBlock;
    };
    for (std::size_t row = 0; row < rows; ++row) {
      double mean = 0;
      double variance = 0;
      for (std::size_t c = 0; c < channels; ++c) mean += x[at(row, c)] / n;
      for (std::size_t c = 0; c < channels; ++c) variance += (x[at(row, c)] - mean) * (x[at(row, c)] - mean) / n;
      for (std::size_t c = 0; c < blocks * kBlock; ++c) {
        const double expected =
            c < channels ? (x[at(row, c)] - mean) / std::sqrt(variance + 1e-5) * weight[c] + bias[c] : 0.0;
        ASSERT_NEAR(y[at(row, c)], expected, 3e-5) << "row " << row << ", channel " << c << " of " << channels;
      }
    }
  }
}

struct SoftmaxCase {
  bool causal;
  std::size_t first_position, window;
};

TEST_P(EveryIsa, SoftmaxMatchesPlainLoops) {
  for (const std::size_t columns : {1, 15, 16, 17, 77}) {
    for (const SoftmaxCase& c :
         {SoftmaxCase{false, 3, SIZE_MAX}, SoftmaxCase{true, 3, SIZE_MAX}, SoftmaxCase{false, 0, 8},
          SoftmaxCase{false, columns > 7 ? columns - 7 : 0, 20}, SoftmaxCase{true, 0, 8}}) {
      const std::size_t rows = std::min<std::size_t>(7, columns);
      const std::size_t blocks = (columns + kBlock - 1) / kBlock;
      auto x = random_floats(rows * blocks * kBlock, 11, 30.0F);
      const auto before = x;
      kernels_->softmax({.x = x.data(),
                         .stride = rows * kBlock,
                         .rows = rows,
                         .columns = columns,
                         .causal = c.causal,
                         .first_position = c.first_position,
                         .window = c.window});
      const auto at = [&](std::size_t row, std::size_t column) {
        return column / kBlock * rows * kBlock + row * kBlock + column % kBlock;
      };
      for (std::size_t row = 0; row < rows; ++row) {
        const std::size_t position = c.first_position + row;
        const auto counts = [&](std::size_t column) {
          const std::size_t distance = column > position ? column - position : position - column;
          return column < columns && !(c.causal && column > position) && distance <= c.window;
        };
        double highest = -1e300;
        double sum = 0;
        for (std::size_t k = 0; k < columns; ++k)
          if (counts(k)) highest = std::max(highest, double{before[at(row, k)]});
        for (std::size_t k = 0; k < columns; ++k)
          if (counts(k)) sum += std::exp(before[at(row, k)] - highest);
        for (std::size_t k = 0; k < blocks * kBlock; ++k) {
          const double expected = counts(k) ? std::exp(before[at(row, k)] - highest) / sum : 0.0;
          ASSERT_NEAR(x[at(row, k)], expected, 1e-6) << "row " << row << ", column " << k << " of " << columns;
        }
      }
    }
  }
}

TEST_P(EveryIsa, MeanScaleAndTranspose) {
  const std::size_t rows = 1000;
  auto x = random_floats(rows * kBlock, 12);
  std::vector<float> mean(kBlock);
  kernels_->mean_block(x.data(), rows, mean.data());
  for (std::size_t lane = 0; lane < kBlock; ++lane) {
    double sum = 0;
    for (std::size_t row = 0; row < rows; ++row) sum += x[row * kBlock + lane];
    EXPECT_NEAR(mean[lane], sum / double(rows), 1e-7);
  }
  const auto before = x;
  const auto scale = random_floats(kBlock, 13);
  kernels_->scale_block(x.data(), scale.data(), rows, Activation::kNone);
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_EQ(x[i], before[i] * scale[i % kBlock]);

  const std::size_t tokens = 21;
  const std::size_t channels = 32;
  const auto keys = random_floats(tokens * channels, 14);
  std::vector<float> packed(2 * kBlock * channels, -1.0F);
  kernels_->pack_transposed(keys.data(), tokens * kBlock, tokens, channels, packed.data());
  for (std::size_t t = 0; t < 2 * kBlock; ++t) {
    for (std::size_t c = 0; c < channels; ++c) {
      const float expected = t < tokens ? keys[c / kBlock * tokens * kBlock + t * kBlock + c % kBlock] : 0.0F;
      ASSERT_EQ(packed[t / kBlock * channels * kBlock + c * kBlock + t % kBlock], expected);
    }
  }
}

TEST(Dispatch, OffersTheBestFirstAndRefusesTheUnknown) {
  ASSERT_FALSE(available().empty());
  EXPECT_EQ(find("auto"), available().front());
  EXPECT_STREQ(available().back()->isa, "portable");
  EXPECT_EQ(find("mmx"), nullptr);
}

}  // namespace
}  // namespace mobileclip::kernels
