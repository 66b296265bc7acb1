#include "engine/kernels/self_check.h"

#include <cmath>
#include <vector>

namespace mobileclip::kernels {
namespace {

// Enough for a whole and a partial tile in every direction.
constexpr std::size_t kRows = 37;
constexpr std::size_t kBlocks = 3;
constexpr std::size_t kDepth = 144;
constexpr std::size_t kPaddedRows = 48;
constexpr std::size_t kPaddedDepth = 192;

/// A value on the edge between two steps may be rounded either way.
constexpr float kStep = 0.1F;

float pattern(std::size_t i) { return static_cast<float>(i * 7919 % 65'521) / 32'760.0F - 1.0F; }

/// Room for one product; each run() fills `c`.
class Products {
 public:
  explicit Products(const Kernels& kernels)
      : kernels_(kernels),
        a_(kRows * kDepth),
        bf16_(kPaddedRows * kPaddedDepth),
        low_(bf16_.size()),
        bytes_(bf16_.size()),
        row_scale_(kRows),
        row_zero_(kRows),
        b_bf16_(kBlocks * kPaddedDepth * kBlock),
        b_low_(b_bf16_.size()),
        b_bytes_(b_bf16_.size()),
        column_scale_(kBlocks * kBlock, 1.0F / 64),
        column_sum_(kBlocks * kBlock),
        c_(kBlocks * kRows * kBlock) {
    for (std::size_t i = 0; i < a_.size(); ++i) a_[i] = pattern(i);
    // Past kDepth `a` is zero in every form, so that what b holds there does not count.
    for (std::size_t i = 0; i < b_bf16_.size(); ++i) {
      b_bf16_[i] = to_bf16(pattern(3 * i + 1));
      b_low_[i] = low_bf16(pattern(3 * i + 1));
      b_bytes_[i] = static_cast<std::int8_t>(std::lround(pattern(5 * i + 2) * 127));
      const std::size_t in_panel = i % (kPaddedDepth * kBlock);  // [k / 4][16][4]
      if (in_panel < kDepth * kBlock) {
        column_sum_[i / (kPaddedDepth * kBlock) * kBlock + in_panel / 4 % kBlock] += b_bytes_[i];
      }
    }
  }

  const std::vector<float>& bf16() {
    kernels_.round_to_bf16(a_.data(), kRows * kBlock, kRows, kDepth, bf16_.data());
    kernels_.gemm_bf16(product(bf16_.data(), b_bf16_.data()));
    return c_;
  }
  const std::vector<float>& split() {
    kernels_.split_to_bf16(a_.data(), kRows * kBlock, kRows, kDepth, bf16_.data(), low_.data());
    kernels_.gemm_split(product(bf16_.data(), b_bf16_.data()), low_.data(), b_low_.data());
    return c_;
  }
  const std::vector<float>& int8() {
    kernels_.quantize_rows(a_.data(), kRows * kBlock, kRows, kDepth, bytes_.data(), row_scale_.data(),
                           row_zero_.data());
    kernels_.gemm_int8(product(bytes_.data(), b_bytes_.data()), {.row_scale = row_scale_.data(),
                                                                 .row_zero = row_zero_.data(),
                                                                 .column_scale = column_scale_.data(),
                                                                 .column_sum = column_sum_.data()});
    return c_;
  }
  /// What split() is near to, by plain loops.
  const std::vector<float>& exact() {
    for (std::size_t i = 0; i < c_.size(); ++i) {
      const std::size_t row = i / kBlock % kRows;
      const std::size_t n = i % kBlock;
      double sum = 0;
      for (std::size_t k = 0; k < kDepth; ++k) {
        const std::size_t at = (i / kBlock / kRows * kPaddedDepth + k / 2 * 2) * kBlock + 2 * n + k % 2;
        sum += double{a_[(k / kBlock * kRows + row) * kBlock + k % kBlock]} * double{pattern(3 * at + 1)};
      }
      c_[i] = static_cast<float>(sum);
    }
    return c_;
  }

 private:
  template <typename A, typename B>
  BasicGemm<A, B> product(const A* a, const B* b) {
    return {.a = a,
            .a_stride = kPaddedRows * kOperandBlock<A>,
            .b = b,
            .b_stride = kPaddedDepth * kBlock,
            .bias = nullptr,
            .residual = nullptr,
            .c = c_.data(),
            .c_stride = kRows * kBlock,
            .rows = kRows,
            .n_blocks = kBlocks,
            .k = kDepth,
            .activation = Activation::kNone};
  }

  const Kernels& kernels_;
  std::vector<float> a_;
  std::vector<Bf16> bf16_;
  std::vector<Bf16> low_;
  std::vector<std::uint8_t> bytes_;
  std::vector<float> row_scale_;
  std::vector<float> row_zero_;
  std::vector<Bf16> b_bf16_;
  std::vector<Bf16> b_low_;
  std::vector<std::int8_t> b_bytes_;
  std::vector<float> column_scale_;
  std::vector<float> column_sum_;
  std::vector<float> c_;
};

/// Both widths of a panel in affine form, restored as float32 and, its upper halves, as bfloat16.
std::vector<float> restored(const Kernels& kernels) {
  constexpr std::size_t kGroup = 2 * kAffineDepth;
  constexpr std::size_t kValues = 2 * kGroup * kBlock;
  std::vector<std::uint8_t> q(kValues);
  std::vector<float> scales(2 * kBlock);
  std::vector<float> biases(2 * kBlock);
  for (std::size_t i = 0; i < q.size(); ++i) q[i] = static_cast<std::uint8_t>(i * 7919 >> 3);
  for (std::size_t i = 0; i < scales.size(); ++i) {
    scales[i] = pattern(i) / 128;
    biases[i] = pattern(3 * i + 1);
  }
  std::vector<float> values;
  for (const int bits : {4, 8}) {
    const AffinePanel panel{.q = q.data(),
                            .scales = scales.data(),
                            .biases = biases.data(),
                            .k = 2 * kGroup,
                            .group_size = kGroup,
                            .bits = bits};
    std::vector<float> exact(kValues);
    std::vector<Bf16> rounded(kValues);
    kernels.dequantize(panel, exact.data());
    kernels.dequantize_bf16(panel, rounded.data());
    values.insert(values.end(), exact.begin(), exact.end());
    for (const Bf16 v : rounded) values.push_back(__builtin_bit_cast(float, static_cast<std::uint32_t>(v) << 16));
  }
  return values;
}

bool close(const std::vector<float>& a, const std::vector<float>& b, float tolerance) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(std::abs(a[i] - b[i]) <= tolerance)) return false;  // NaN, too
  }
  return true;
}

}  // namespace

bool agrees(const Kernels& table, const Kernels& reference) {
  Products ours(table);
  Products theirs(reference);
  if (!close(ours.bf16(), theirs.bf16(), 1e-3F) || !close(ours.int8(), theirs.int8(), kStep)) return false;
  if (!close(restored(table), restored(reference), 0.02F)) return false;  // a bfloat16 below 4 may be one step off
  return !table.splits_fp32 || close(ours.split(), theirs.exact(), 1e-3F);
}

}  // namespace mobileclip::kernels
