#include <algorithm>
#include <bit>
#include <cmath>

#include "bench/kernels/kernel_case.h"

namespace mobileclip::bench {
namespace {

using kernels::Activation;
using kernels::Bf16;
using kernels::kBlock;

struct Shape {
  const char* where;
  std::size_t rows;  ///< a task's: engine/nn/linear.h gives 96 at most
  std::size_t n;
  std::size_t k;
  Activation activation = Activation::kNone;
};

constexpr Shape kShapes[] = {
    {"image stage 1 fc1", 96, 192, 64, Activation::kGelu},
    {"image stage 1 fc2", 96, 64, 192},
    {"image stage 2 fc1", 96, 384, 128, Activation::kGelu},
    {"image stage 3 fc1", 96, 768, 256, Activation::kGelu},
    {"image stage 3 fc2", 96, 256, 768},
    {"image stage 4 qkv", 64, 1536, 512},
    {"image stage 4 fc1", 64, 1536, 512, Activation::kGelu},
    {"text qkv", 77, 1536, 512},
    {"text fc1", 77, 2048, 512, Activation::kGelu},
    {"text fc2", 77, 512, 2048},
    {"text q k", 77, 80, 64},
    {"text scores v", 77, 64, 77},
};

float widened(float v) { return v; }
float widened(Bf16 v) { return std::bit_cast<float>(static_cast<std::uint32_t>(v) << 16); }

template <typename Operand>
std::vector<Operand> operands(std::size_t count, unsigned seed) {
  const std::vector<float> values = random_values(count, seed);
  std::vector<Operand> result(count);
  std::transform(values.begin(), values.end(), result.begin(), [](float v) {
    if constexpr (sizeof(Operand) == sizeof(Bf16)) return kernels::to_bf16(v);
    return static_cast<Operand>(v);
  });
  return result;
}

template <typename Operand>
class GemmRun final : public KernelRun {
 public:
  GemmRun(const Shape& shape, void (*kernel)(const kernels::BasicGemm<Operand>&))
      : kernel_(kernel),
        a_(operands<Operand>((shape.k + kBlock - 1) / kBlock * kBlock * shape.rows, 1)),
        b_(operands<Operand>(shape.n * shape.k, 2)),
        bias_(random_values(shape.n, 3)),
        c_(shape.n * shape.rows),
        gemm_{.a = a_.data(),
              .a_stride = shape.rows * kBlock,
              .b = b_.data(),
              .b_stride = shape.k * kBlock,
              .bias = bias_.data(),
              .residual = nullptr,
              .c = c_.data(),
              .c_stride = shape.rows * kBlock,
              .rows = shape.rows,
              .n_blocks = shape.n / kBlock,
              .k = shape.k,
              .activation = shape.activation} {}

  void run() override { kernel_(gemm_); }

  double error_over_tolerance() override {
    run();
    double worst = 0;
    for (std::size_t row = 0; row < gemm_.rows; row += 7) {
      for (std::size_t n = 0; n < gemm_.n_blocks * kBlock; n += 3) {
        const double expected = activated(bias_[n] + product(row, n), gemm_.activation);
        const double found = c_[n / kBlock * gemm_.c_stride + row * kBlock + n % kBlock];
        worst = std::max(worst, std::abs(found - expected));
      }
    }
    // Sums of k random terms grow as the root of k, and so does the number of rounding errors that count in them.
    return worst / (6e-8 * static_cast<double>(gemm_.k) + 1e-6);
  }

 private:
  double product(std::size_t row, std::size_t n) const {
    constexpr std::size_t kPair = sizeof(float) / sizeof(Operand);  // neighbouring k that lie together
    const Operand* panel = gemm_.b + n / kBlock * gemm_.b_stride;
    double sum = 0;
    for (std::size_t k = 0; k < gemm_.k; ++k) {
      const Operand a = gemm_.a[k / kBlock * gemm_.a_stride + row * kBlock + k % kBlock];
      const Operand b = panel[k / kPair * kPair * kBlock + n % kBlock * kPair + k % kPair];
      sum += double{widened(a)} * double{widened(b)};
    }
    return sum;
  }

  void (*kernel_)(const kernels::BasicGemm<Operand>&);
  std::vector<Operand> a_;
  std::vector<Operand> b_;
  std::vector<float> bias_;
  std::vector<float> c_;
  kernels::BasicGemm<Operand> gemm_;
};

template <typename Operand>
KernelCase gemm_case(const Shape& shape, const std::string& kernel, Bound bound,
                     void (*kernels::Kernels::*slot)(const kernels::BasicGemm<Operand>&)) {
  return {.name = kernel + "/" + shape.where,
          .bound = bound,
          .operations = 2.0 * static_cast<double>(shape.rows * shape.n * shape.k),
          .bytes = (shape.rows + shape.n) * shape.k * sizeof(Operand) + shape.rows * shape.n * sizeof(float),
          .make = [shape, slot](const kernels::Kernels& table) -> std::unique_ptr<KernelRun> {
            return std::make_unique<GemmRun<Operand>>(shape, table.*slot);
          }};
}

}  // namespace

std::vector<KernelCase> gemm_cases() {
  std::vector<KernelCase> cases;
  for (const Shape& shape : kShapes)
    cases.push_back(gemm_case<float>(shape, "gemm", Bound::kFloat32, &kernels::Kernels::gemm));
  for (const Shape& shape : kShapes) {
    if (shape.k % kBlock != 0) continue;
    cases.push_back(gemm_case<Bf16>(shape, "gemm_bf16", Bound::kBfloat16, &kernels::Kernels::gemm_bf16));
  }
  return cases;
}

}  // namespace mobileclip::bench
