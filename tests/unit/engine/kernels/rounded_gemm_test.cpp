// Products of rounded operands (bfloat16, split float32, bytes), and the rounding itself, against plain loops.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/kernels/kernels.h"
#include "tests/support/random.h"
#include "tests/unit/engine/kernels/every_isa.h"

namespace mobileclip::kernels {
namespace {

using ::mobileclip::testing::random_floats;


float widened(Bf16 v) { return std::bit_cast<float>(static_cast<std::uint32_t>(v) << 16); }

std::size_t round_up(std::size_t value, std::size_t to) { return (value + to - 1) / to * to; }

struct Shape {
  std::size_t rows;
  std::size_t blocks;
  std::size_t k;
};
// Whole and partial tiles of AMX in each direction, and depths that fill no operand block.
constexpr Shape kShapes[] = {{1, 1, 16}, {14, 3, 96}, {16, 2, 64}, {33, 4, 80}, {77, 3, 144}};

/// a [k/16][rows][16] and b [blocks * 16][k], with where their values go in an operand.
struct Data {
  explicit Data(const Shape& s)
      : shape(s),
        a(random_floats(s.rows * s.k, 31)),
        b(random_floats(s.blocks * kBlock * s.k, 32)),
        bias(random_floats(s.blocks * kBlock, 33)),
        residual(random_floats(s.blocks * s.rows * kBlock, 34)),
        c(residual.size()) {}

  float a_at(std::size_t row, std::size_t k) const { return a[(k / kBlock * shape.rows + row) * kBlock + k % kBlock]; }
  float b_at(std::size_t k, std::size_t n) const { return b[n * shape.k + k]; }
  float c_at(std::size_t row, std::size_t n) const {
    return c[(n / kBlock * shape.rows + row) * kBlock + n % kBlock];
  }

  /// Operands are padded with what must not count: kernels clear theirs, the weights' padding is zero.
  template <typename T>
  std::vector<T> operand() const {
    return std::vector<T>(round_up(shape.k, kOperandBlock<T>) * round_up(shape.rows, kTileRows) + 4096,
                          static_cast<T>(0x7F));
  }
  template <typename T>
  std::vector<T> packed(T (*convert)(float)) const {
    constexpr std::size_t kGroup = 4 / sizeof(T);
    const std::size_t depth = round_up(shape.k, kOperandBlock<T>);
    std::vector<T> out(shape.blocks * kBlock * depth);
    for (std::size_t n = 0; n < shape.blocks * kBlock; ++n) {
      for (std::size_t k = 0; k < shape.k; ++k) {
        out[n / kBlock * kBlock * depth + (k / kGroup * kBlock + n % kBlock) * kGroup + k % kGroup] =
            convert(b_at(k, n));
      }
    }
    return out;
  }
  template <typename A, typename B>
  BasicGemm<A, B> product(const std::vector<A>& x, const std::vector<B>& w) {
    return {.a = x.data(),
            .a_stride = round_up(shape.rows, kTileRows) * kOperandBlock<A>,
            .b = w.data(),
            .b_stride = round_up(shape.k, kOperandBlock<B>) * kBlock,
            .bias = bias.data(),
            .residual = residual.data(),
            .c = c.data(),
            .c_stride = shape.rows * kBlock,
            .rows = shape.rows,
            .n_blocks = shape.blocks,
            .k = shape.k,
            .activation = Activation::kGelu};
  }

  /// act(Σ + bias) + residual for a sum of products.
  double finished(double sum, std::size_t row, std::size_t n) const {
    return exact(sum + bias[n], Activation::kGelu) +
           residual[(n / kBlock * shape.rows + row) * kBlock + n % kBlock];
  }

  template <typename Product>
  void expect_near(const Product& product_of, double tolerance) const {
    for (std::size_t row = 0; row < shape.rows; ++row) {
      for (std::size_t n = 0; n < shape.blocks * kBlock; ++n) {
        double sum = 0;
        for (std::size_t k = 0; k < shape.k; ++k) sum += product_of(row, k, n);
        ASSERT_NEAR(c_at(row, n), finished(sum, row, n), tolerance)
            << "row " << row << ", channel " << n << " of " << shape.rows << " x " << shape.blocks << " blocks, k "
            << shape.k;
      }
    }
  }

  Shape shape;
  std::vector<float> a, b, bias, residual, c;
};

/// Runs the product row by row and block by block: not a bit may differ.
template <typename A, typename B, typename Run>
void expect_the_same_in_parts(Data& data, const BasicGemm<A, B>& whole, const Run& run) {
  const std::vector<float> expected = data.c;
  std::ranges::fill(data.c, -7.0F);
  for (std::size_t block = 0; block < whole.n_blocks; ++block) {
    for (std::size_t row = 0; row < whole.rows; ++row) {
      BasicGemm<A, B> part = whole;
      part.a += row * kOperandBlock<A>;
      part.b += block * part.b_stride;
      part.bias += block * kBlock;
      part.residual += block * part.c_stride + row * kBlock;
      part.c += block * part.c_stride + row * kBlock;
      part.rows = 1;
      part.n_blocks = 1;
      run(part, row, block);
    }
  }
  EXPECT_EQ(data.c, expected);
}

TEST_P(EveryIsa, RoundsToBf16NearestEven) {
  const std::vector<std::pair<float, std::uint16_t>> cases{
      {0.0F, 0x0000},
      {1.0F, 0x3F80},
      {-2.0F, 0xC000},
      {std::bit_cast<float>(0x3F808000U), 0x3F80},  // a tie, down to even
      {std::bit_cast<float>(0x3F818000U), 0x3F82},  // a tie, up to even
      {std::bit_cast<float>(0x3F808001U), 0x3F81},
      {std::bit_cast<float>(0x3F807FFFU), 0x3F80}};
  std::vector<float> in(kBlock, 0.0F);
  for (std::size_t i = 0; i < cases.size(); ++i) in[i] = cases[i].first;
  std::vector<Bf16> out(kTileRows * kOperandBlock<Bf16>, 0xFFFF);
  kernels_->round_to_bf16(in.data(), kBlock, 1, kBlock, out.data());
  for (std::size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(out[i], cases[i].second) << cases[i].first;
  for (std::size_t i = kBlock; i < out.size(); ++i) EXPECT_EQ(out[i], 0) << "padding " << i;
}

TEST_P(EveryIsa, Bf16GemmIsTheGemmOfRoundedOperandsAndSplitsWithoutATrace) {
  for (const Shape& shape : kShapes) {
    Data data(shape);
    auto x = data.operand<Bf16>();
    const auto w = data.packed<Bf16>([](float v) { return to_bf16(v); });
    kernels_->round_to_bf16(data.a.data(), shape.rows * kBlock, shape.rows, shape.k, x.data());
    const GemmBf16 gemm = data.product(x, w);
    kernels_->gemm_bf16(gemm);
    data.expect_near(
        [&](std::size_t row, std::size_t k, std::size_t n) {
          return double{widened(to_bf16(data.a_at(row, k)))} * double{widened(to_bf16(data.b_at(k, n)))};
        },
        3e-5);
    expect_the_same_in_parts(data, gemm, [&](const GemmBf16& part, std::size_t, std::size_t) {
      kernels_->gemm_bf16(part);
    });
  }
}

TEST_P(EveryIsa, SplitGemmIsNearlyThatOfFloat32AndSplitsWithoutATrace) {
  if (!kernels_->splits_fp32) GTEST_SKIP() << GetParam() << " multiplies float32 as it is";
  for (const Shape& shape : kShapes) {
    Data data(shape);
    auto hi = data.operand<Bf16>();
    auto lo = data.operand<Bf16>();
    const auto w_hi = data.packed<Bf16>([](float v) { return to_bf16(v); });
    const auto w_lo = data.packed<Bf16>([](float v) { return low_bf16(v); });
    kernels_->split_to_bf16(data.a.data(), shape.rows * kBlock, shape.rows, shape.k, hi.data(), lo.data());
    const GemmBf16 gemm = data.product(hi, w_hi);
    kernels_->gemm_split(gemm, lo.data(), w_lo.data());
    data.expect_near(
        [&](std::size_t row, std::size_t k, std::size_t n) {
          return double{data.a_at(row, k)} * double{data.b_at(k, n)};
        },
        1.2e-5 * std::sqrt(double(shape.k)));  // each product is off by up to 3 · 2^-18 of |a b|
    expect_the_same_in_parts(data, gemm, [&](const GemmBf16& part, std::size_t row, std::size_t block) {
      kernels_->gemm_split(part, lo.data() + row * kOperandBlock<Bf16>, w_lo.data() + block * part.b_stride);
    });
  }
}

TEST_P(EveryIsa, QuantizesRowsInEvenSteps) {
  for (const Shape& shape : kShapes) {
    Data data(shape);
    for (std::size_t k = 0; k < shape.k; ++k) {  // the first row is zero, the last has no negative value
      data.a[k / kBlock * shape.rows * kBlock + k % kBlock] = 0.0F;
      float& last = data.a[(k / kBlock * shape.rows + shape.rows - 1) * kBlock + k % kBlock];
      last = std::abs(last);
    }
    auto x = data.operand<std::uint8_t>();
    std::vector<float> scale(shape.rows, -1.0F);
    std::vector<float> zero(shape.rows, -1.0F);
    kernels_->quantize_rows(data.a.data(), shape.rows * kBlock, shape.rows, shape.k, x.data(), scale.data(),
                            zero.data());
    for (std::size_t row = 0; row < shape.rows; ++row) {
      float least = 0;
      float greatest = 0;
      for (std::size_t k = 0; k < shape.k; ++k) {
        least = std::min(least, data.a_at(row, k));
        greatest = std::max(greatest, data.a_at(row, k));
      }
      EXPECT_FLOAT_EQ(scale[row], (greatest - least) / 255);
      EXPECT_EQ(zero[row], std::rint(zero[row]));
      for (std::size_t k = 0; k < round_up(shape.k, 64); ++k) {
        const std::uint8_t byte = x[(k / 64 * round_up(shape.rows, kTileRows) + row) * 64 + k % 64];
        if (k >= shape.k) {
          ASSERT_EQ(byte, 0) << "padding";
        } else {
          ASSERT_NEAR((byte - zero[row]) * scale[row], data.a_at(row, k), 1.01 * scale[row]) << row << ", " << k;
        }
      }
    }
  }
}

TEST_P(EveryIsa, Int8GemmIsExactInWholeNumbersAndSplitsWithoutATrace) {
  for (const Shape& shape : kShapes) {
    Data data(shape);
    auto x = data.operand<std::uint8_t>();
    std::vector<float> row_scale(shape.rows);
    std::vector<float> row_zero(shape.rows);
    kernels_->quantize_rows(data.a.data(), shape.rows * kBlock, shape.rows, shape.k, x.data(), row_scale.data(),
                            row_zero.data());
    // Values in [-1, 1]: -127 to 127 and, for what saturates where 16 bits are too few, both extremes side by side.
    const auto step = [](float v) { return static_cast<std::int8_t>(std::abs(v) > 0.5F ? (v > 0 ? 127 : -127) : 200 * v); };
    const auto w = data.packed<std::int8_t>(step);
    const auto column_scale = random_floats(shape.blocks * kBlock, 35, 0.01F);
    std::vector<float> column_sum(shape.blocks * kBlock);
    for (std::size_t n = 0; n < column_sum.size(); ++n) {
      for (std::size_t k = 0; k < shape.k; ++k) column_sum[n] += static_cast<float>(step(data.b_at(k, n)));
    }
    const GemmInt8 gemm = data.product(x, w);
    const auto scales = [&](std::size_t row, std::size_t block) {
      return Int8Scales{.row_scale = row_scale.data() + row,
                        .row_zero = row_zero.data() + row,
                        .column_scale = column_scale.data() + block * kBlock,
                        .column_sum = column_sum.data() + block * kBlock};
    };
    kernels_->gemm_int8(gemm, scales(0, 0));
    data.expect_near(
        [&](std::size_t row, std::size_t k, std::size_t n) {
          const std::uint8_t byte = x[(k / 64 * round_up(shape.rows, kTileRows) + row) * 64 + k % 64];
          return double{(byte - row_zero[row]) * row_scale[row]} * double{step(data.b_at(k, n)) * column_scale[n]};
        },
        3e-5);
    expect_the_same_in_parts(data, gemm, [&](const GemmInt8& part, std::size_t row, std::size_t block) {
      kernels_->gemm_int8(part, scales(row, block));
    });
  }
}

}  // namespace
}  // namespace mobileclip::kernels
