// Products with weights in MLX's affine form: panels restored, then multiplied, as engine/nn/packed_weight.cpp does it.
#include <algorithm>
#include <bit>
#include <cmath>

#include "bench/kernels/kernel_case.h"

namespace mobileclip::bench {
namespace {

using kernels::Bf16;
using kernels::kBlock;

struct Shape {
  const char* where;
  std::size_t rows;
  std::size_t n;
  std::size_t k;
};

// A sentence of ten tokens alone, and the text tower's shapes of gemm_cases.cpp.
constexpr Shape kShapes[] = {{"short text qkv", 10, 1536, 512},
                             {"text qkv", 77, 1536, 512},
                             {"text fc1", 77, 2048, 512},
                             {"text fc2", 77, 512, 2048}};

constexpr std::size_t kGroupSize = 64;
constexpr std::size_t kBlocksAtOnce = 2;

/// B is what is multiplied: float32 or bfloat16.
template <typename B>
class AffineRun final : public KernelRun {
 public:
  AffineRun(const Shape& shape, int bits, const kernels::Kernels& table)
      : table_(table),
        shape_(shape),
        bits_(bits),
        floats_(random_values(shape.rows * shape.k, 1)),
        a_((shape.rows + kernels::kTileRows) * shape.k),
        q_(shape.n * shape.k * static_cast<std::size_t>(bits) / 8),
        scales_(random_values(shape.n * shape.k / kGroupSize, 2)),
        biases_(random_values(scales_.size(), 3)),
        panels_(kBlocksAtOnce * kBlock * shape.k),
        bias_(random_values(shape.n, 4)),
        c_(shape.n * shape.rows) {
    const std::vector<float> random = random_values(q_.size(), 5);
    for (std::size_t i = 0; i < q_.size(); ++i) q_[i] = static_cast<std::uint8_t>((random[i] + 1) * 127.9F);
    for (float& scale : scales_) scale /= static_cast<float>(1 << bits);
  }

  void run() override {
    const std::size_t stride = shape_.rows * kBlock;
    kernels::BasicGemm<B> gemm{.a = nullptr,
                               .a_stride = stride,
                               .b = panels_.data(),
                               .b_stride = shape_.k * kBlock,
                               .bias = nullptr,
                               .residual = nullptr,
                               .c = nullptr,
                               .c_stride = stride,
                               .rows = shape_.rows,
                               .n_blocks = kBlocksAtOnce,
                               .k = shape_.k,
                               .activation = kernels::Activation::kNone};
    if constexpr (sizeof(B) == sizeof(float)) {
      gemm.a = floats_.data();
    } else {
      gemm.a = a_.data();
      const std::size_t padded = (shape_.rows + kernels::kTileRows - 1) / kernels::kTileRows * kernels::kTileRows;
      gemm.a_stride = padded * kernels::kOperandBlock<Bf16>;
      table_.round_to_bf16(floats_.data(), stride, shape_.rows, shape_.k, a_.data());
    }
    for (std::size_t block = 0; block < shape_.n / kBlock; block += kBlocksAtOnce) {
      gemm.bias = bias_.data() + block * kBlock;
      gemm.c = c_.data() + block * stride;
      for (std::size_t i = 0; i < kBlocksAtOnce; ++i) {
        B* const out = panels_.data() + i * gemm.b_stride;
        if constexpr (sizeof(B) == sizeof(float)) {
          table_.dequantize(panel(block + i), out);
        } else {
          table_.dequantize_bf16(panel(block + i), out);
        }
      }
      if constexpr (sizeof(B) == sizeof(float)) {
        table_.gemm(gemm);
      } else {
        table_.gemm_bf16(gemm);
      }
    }
  }

  double error_over_tolerance() override {
    run();
    double worst = 0;
    for (std::size_t row = 0; row < shape_.rows; row += 7) {
      for (std::size_t n = 0; n < shape_.n; n += 3) {
        double expected = bias_[n];
        for (std::size_t k = 0; k < shape_.k; ++k) {
          expected += as_multiplied(floats_[(k / kBlock * shape_.rows + row) * kBlock + k % kBlock]) *
                      as_multiplied(weight(k, n));
        }
        worst = std::max(worst, std::abs(c_[(n / kBlock * shape_.rows + row) * kBlock + n % kBlock] - expected));
      }
    }
    // A weight that lies between two bfloat16 may be rounded either way.
    const double tolerance = sizeof(B) == sizeof(float) ? 6e-8 * static_cast<double>(shape_.k) + 1e-6 : 0.02;
    return worst / tolerance;
  }

 private:
  [[nodiscard]] kernels::AffinePanel panel(std::size_t block) const {
    const std::size_t groups = shape_.k / kGroupSize * kBlock;
    return {.q = q_.data() + block * kBlock * shape_.k * static_cast<std::size_t>(bits_) / 8,
            .scales = scales_.data() + block * groups,
            .biases = biases_.data() + block * groups,
            .k = shape_.k,
            .group_size = kGroupSize,
            .bits = bits_};
  }
  [[nodiscard]] float weight(std::size_t k, std::size_t n) const {
    const kernels::AffinePanel p = panel(n / kBlock);
    const std::size_t lane = n % kBlock;
    const int q = bits_ == 8 ? p.q[k * kBlock + lane] : p.q[k / 2 * kBlock + lane] >> (k % 2 * 4) & 15;
    const std::size_t group = k / kGroupSize * kBlock + lane;
    return static_cast<float>(double{p.scales[group]} * q + double{p.biases[group]});
  }
  static double as_multiplied(float v) {
    if constexpr (sizeof(B) == sizeof(float)) return v;
    return std::bit_cast<float>(static_cast<std::uint32_t>(kernels::to_bf16(v)) << 16);
  }

  const kernels::Kernels& table_;
  Shape shape_;
  int bits_;
  std::vector<float> floats_;
  std::vector<B> a_;
  std::vector<std::uint8_t> q_;
  std::vector<float> scales_;
  std::vector<float> biases_;
  std::vector<B> panels_;
  std::vector<float> bias_;
  std::vector<float> c_;
};

template <typename B>
void add_cases(const std::string& suffix, Bound bound, std::vector<KernelCase>& cases) {
  for (const int bits : {4, 8}) {
    for (const Shape& shape : kShapes) {
      cases.push_back({.name = "affine" + std::to_string(bits) + suffix + "/" + shape.where,
                       .bound = bound,
                       .operations = 2.0 * static_cast<double>(shape.rows * shape.n * shape.k),
                       .bytes = shape.rows * (shape.k + shape.n) * sizeof(float) +
                                shape.n * shape.k * static_cast<std::size_t>(bits) / 8,
                       .make = [shape, bits](const kernels::Kernels& table) -> std::unique_ptr<KernelRun> {
                         return std::make_unique<AffineRun<B>>(shape, bits, table);
                       }});
    }
  }
}

}  // namespace

std::vector<KernelCase> affine_cases() {
  std::vector<KernelCase> cases;
  add_cases<float>("", Bound::kFloat32, cases);
  add_cases<Bf16>("_bf16", Bound::kBfloat16, cases);
  return cases;
}

}  // namespace mobileclip::bench
