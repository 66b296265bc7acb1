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
    {"ViT-B fc1", 96, 3072, 768, Activation::kQuickGelu},
    {"text qkv", 77, 1536, 512},
    {"text fc1", 77, 2048, 512, Activation::kGelu},
    {"text fc2", 77, 512, 2048},
    {"text q k", 77, 80, 64},
    {"text scores v", 77, 64, 77},
};

std::size_t round_up(std::size_t value, std::size_t to) { return (value + to - 1) / to * to; }

/// What the arithmetics differ in: how operands are made from float32, and what they stand for.
struct Float32 {
  using A = float;
  using B = float;
  static constexpr Bound kBound = Bound::kFloat32;
  static B convert(float v) { return v; }
  static double value(B v) { return v; }
};
struct Bfloat16 {
  using A = Bf16;
  using B = Bf16;
  static constexpr Bound kBound = Bound::kBfloat16;
  static B convert(float v) { return kernels::to_bf16(v); }
  static double value(B v) { return std::bit_cast<float>(static_cast<std::uint32_t>(v) << 16); }
};
struct Int8 {
  using A = std::uint8_t;
  using B = std::int8_t;
  static constexpr Bound kBound = Bound::kInt8;
  static B convert(float v) { return static_cast<B>(std::lrint(v * 127)); }
  static double value(B v) { return v / 127.0; }
};

template <typename Arithmetic>
class GemmRun final : public KernelRun {
 public:
  using A = typename Arithmetic::A;
  using B = typename Arithmetic::B;

  GemmRun(const Shape& shape, const kernels::Kernels& table)
      : table_(table),
        shape_(shape),
        // Float32 operands are the activations themselves, of any k; the rounded ones are padded (kernels.h).
        depth_(sizeof(A) == sizeof(float) ? shape.k : round_up(shape.k, kernels::kOperandBlock<A>)),
        rows_(sizeof(A) == sizeof(float) ? shape.rows : round_up(shape.rows, kernels::kTileRows)),
        floats_(random_values(round_up(shape.k, kBlock) * shape.rows, 1)),
        a_(round_up(depth_, kernels::kOperandBlock<A>) * rows_),
        b_(shape.n * depth_),
        bias_(random_values(shape.n, 3)),
        c_(shape.n * shape.rows),
        row_scale_(shape.rows),
        row_zero_(shape.rows),
        column_scale_(shape.n, 1 / 127.0F),
        column_sum_(shape.n) {
    const std::vector<float> weights = random_values(shape.n * shape.k, 2);
    for (std::size_t n = 0; n < shape.n; ++n) {
      for (std::size_t k = 0; k < shape.k; ++k) {
        B& weight = b_[place_in_b(k, n)];
        weight = Arithmetic::convert(weights[n * shape.k + k]);
        if constexpr (sizeof(B) == 1) column_sum_[n] += weight;
      }
    }
    const std::size_t stride = shape.rows * kBlock;
    if constexpr (sizeof(A) == sizeof(float)) {
      a_ = floats_;
    } else if constexpr (sizeof(A) == sizeof(Bf16)) {
      table.round_to_bf16(floats_.data(), stride, shape.rows, shape.k, a_.data());
    } else {
      table.quantize_rows(floats_.data(), stride, shape.rows, shape.k, a_.data(), row_scale_.data(), row_zero_.data());
    }
    gemm_ = {.a = a_.data(),
             .a_stride = rows_ * kernels::kOperandBlock<A>,
             .b = b_.data(),
             .b_stride = depth_ * kBlock,
             .bias = bias_.data(),
             .residual = nullptr,
             .c = c_.data(),
             .c_stride = shape.rows * kBlock,
             .rows = shape.rows,
             .n_blocks = shape.n / kBlock,
             .k = shape.k,
             .activation = shape.activation};
  }

  void run() override {
    if constexpr (sizeof(A) == sizeof(float)) {
      table_.gemm(gemm_);
    } else if constexpr (sizeof(A) == sizeof(Bf16)) {
      table_.gemm_bf16(gemm_);
    } else {
      table_.gemm_int8(gemm_, {.row_scale = row_scale_.data(),
                               .row_zero = row_zero_.data(),
                               .column_scale = column_scale_.data(),
                               .column_sum = column_sum_.data()});
    }
  }

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
  [[nodiscard]] std::size_t place_in_b(std::size_t k, std::size_t n) const {
    constexpr std::size_t kGroup = sizeof(float) / sizeof(B);  // neighbouring k that lie together
    return n / kBlock * kBlock * depth_ + (k / kGroup * kBlock + n % kBlock) * kGroup + k % kGroup;
  }
  [[nodiscard]] double a_value(std::size_t row, std::size_t k) const {
    constexpr std::size_t kDepth = kernels::kOperandBlock<A>;
    const A v = a_[(k / kDepth * rows_ + row) * kDepth + k % kDepth];
    if constexpr (sizeof(A) == 1) {
      return (static_cast<double>(v) - double{row_zero_[row]}) * double{row_scale_[row]};
    } else {
      return Arithmetic::value(v);
    }
  }
  [[nodiscard]] double product(std::size_t row, std::size_t n) const {
    double sum = 0;
    for (std::size_t k = 0; k < shape_.k; ++k) sum += a_value(row, k) * Arithmetic::value(b_[place_in_b(k, n)]);
    return sum;
  }

  const kernels::Kernels& table_;
  Shape shape_;
  std::size_t depth_;
  std::size_t rows_;
  std::vector<float> floats_;
  std::vector<A> a_;
  std::vector<B> b_;
  std::vector<float> bias_;
  std::vector<float> c_;
  std::vector<float> row_scale_;
  std::vector<float> row_zero_;
  std::vector<float> column_scale_;
  std::vector<float> column_sum_;
  kernels::BasicGemm<A, B> gemm_{};
};

template <typename Arithmetic>
void add_cases(const std::string& kernel, std::vector<KernelCase>& cases) {
  using A = typename Arithmetic::A;
  for (const Shape& shape : kShapes) {
    if (sizeof(A) < sizeof(float) && shape.k % kBlock != 0) continue;
    cases.push_back(
        {.name = kernel + "/" + shape.where,
         .bound = Arithmetic::kBound,
         .operations = 2.0 * static_cast<double>(shape.rows * shape.n * shape.k),
         .bytes = (shape.rows + shape.n) * shape.k * sizeof(A) + shape.rows * shape.n * sizeof(float),
         .make = [shape](const kernels::Kernels& table) -> std::unique_ptr<KernelRun> {
           return std::make_unique<GemmRun<Arithmetic>>(shape, table);
         }});
  }
}

}  // namespace

std::vector<KernelCase> gemm_cases() {
  std::vector<KernelCase> cases;
  add_cases<Float32>("gemm", cases);
  add_cases<Bfloat16>("gemm_bf16", cases);
  add_cases<Int8>("gemm_int8", cases);
  return cases;
}

}  // namespace mobileclip::bench
