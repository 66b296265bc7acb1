// LayerNorm, softmax, GELU, and the kernels that move values: round, pack, scale, mean.
#include <algorithm>
#include <bit>
#include <cmath>

#include "bench/kernels/kernel_case.h"

namespace mobileclip::bench {
namespace {

using kernels::Activation;
using kernels::Bf16;
using kernels::kBlock;
using kernels::Kernels;

constexpr std::size_t kTextRows = 77;
constexpr std::size_t kTextWidth = 512;

/// Operands of [channels / 16][rows][16], and the index of a value in them.
struct Shape {
  std::size_t rows;
  std::size_t channels;
  [[nodiscard]] std::size_t values() const { return rows * channels; }
  [[nodiscard]] std::size_t at(std::size_t row, std::size_t c) const {
    return c / kBlock * rows * kBlock + row * kBlock + c % kBlock;
  }
};

class LayerNormRun final : public KernelRun {
 public:
  explicit LayerNormRun(const Kernels& table) : kernel_(table.layer_norm) {}

  void run() override {
    kernel_({.x = x_.data(),
             .x_stride = shape_.rows * kBlock,
             .y = y_.data(),
             .y_stride = shape_.rows * kBlock,
             .weight = weight_.data(),
             .bias = bias_.data(),
             .rows = shape_.rows,
             .channels = shape_.channels,
             .eps = 1e-5F});
  }

  double error_over_tolerance() override {
    run();
    const auto n = static_cast<double>(shape_.channels);
    double worst = 0;
    for (std::size_t row = 0; row < shape_.rows; ++row) {
      double mean = 0;
      double variance = 0;
      for (std::size_t c = 0; c < shape_.channels; ++c) mean += x_[shape_.at(row, c)] / n;
      for (std::size_t c = 0; c < shape_.channels; ++c) variance += std::pow(x_[shape_.at(row, c)] - mean, 2) / n;
      for (std::size_t c = 0; c < shape_.channels; ++c) {
        const double expected = (x_[shape_.at(row, c)] - mean) / std::sqrt(variance + 1e-5) * weight_[c] + bias_[c];
        worst = std::max(worst, std::abs(y_[shape_.at(row, c)] - expected));
      }
    }
    return worst / 3e-5;
  }

 private:
  void (*kernel_)(const kernels::LayerNorm&);
  Shape shape_{kTextRows, kTextWidth};
  std::vector<float> x_ = random_values(shape_.values(), 1);
  std::vector<float> weight_ = random_values(kTextWidth, 2);
  std::vector<float> bias_ = random_values(kTextWidth, 3);
  std::vector<float> y_ = std::vector<float>(shape_.values());
};

/// In place, of its own output over and over: softmax of any values costs the same.
class SoftmaxRun final : public KernelRun {
 public:
  explicit SoftmaxRun(const Kernels& table) : kernel_(table.softmax) {}

  void run() override {
    kernel_({.x = x_.data(),
             .stride = kTextRows * kBlock,
             .rows = kTextRows,
             .columns = kTextRows,
             .causal = true,
             .first_position = 0});
  }

  double error_over_tolerance() override {
    const std::vector<float> before = x_;
    run();
    double worst = 0;
    for (std::size_t row = 0; row < kTextRows; ++row) {
      double sum = 0;
      for (std::size_t c = 0; c <= row; ++c) sum += std::exp(double{before[shape_.at(row, c)]});
      for (std::size_t c = 0; c < shape_.channels; ++c) {
        const double expected = c <= row ? std::exp(double{before[shape_.at(row, c)]}) / sum : 0;
        worst = std::max(worst, std::abs(x_[shape_.at(row, c)] - expected));
      }
    }
    return worst / 1e-6;
  }

 private:
  void (*kernel_)(const kernels::Softmax&);
  Shape shape_{kTextRows, 80};
  std::vector<float> x_ = random_values(shape_.values(), 1);
};

/// By 1 with GELU: the GEMM's activation without the GEMM. By a scale without it: squeeze-excite's.
class ScaleRun final : public KernelRun {
 public:
  ScaleRun(const Kernels& table, Activation activation) : kernel_(table.scale_block), activation_(activation) {}

  void run() override { kernel_(x_.data(), scale_.data(), kRows, activation_); }

  double error_over_tolerance() override {
    const std::vector<float> before = x_;
    run();
    double worst = 0;
    for (std::size_t i = 0; i < x_.size(); ++i)
      worst = std::max(worst, std::abs(x_[i] - activated(double{before[i]} * double{scale_[i % kBlock]}, activation_)));
    return worst / 1e-6;
  }

  static constexpr std::size_t kRows = 256;

 private:
  void (*kernel_)(float*, const float*, std::size_t, Activation);
  Activation activation_;
  std::vector<float> x_ = random_values(kRows * kBlock, 1);
  std::vector<float> scale_ = std::vector<float>(kBlock, 1.0F);
};

class MeanRun final : public KernelRun {
 public:
  explicit MeanRun(const Kernels& table) : kernel_(table.mean_block) {}

  void run() override { kernel_(x_.data(), kRows, mean_.data()); }

  double error_over_tolerance() override {
    run();
    double worst = 0;
    for (std::size_t c = 0; c < kBlock; ++c) {
      double sum = 0;
      for (std::size_t row = 0; row < kRows; ++row) sum += x_[row * kBlock + c];
      worst = std::max(worst, std::abs(mean_[c] - sum / static_cast<double>(kRows)));
    }
    return worst / 1e-6;
  }

  static constexpr std::size_t kRows = 256;

 private:
  void (*kernel_)(const float*, std::size_t, float*);
  std::vector<float> x_ = random_values(kRows * kBlock, 1);
  std::vector<float> mean_ = std::vector<float>(kBlock);
};

class QuantizeRun final : public KernelRun {
 public:
  explicit QuantizeRun(const Kernels& table) : kernel_(table.quantize_rows) {}

  void run() override {
    kernel_(a_.data(), kTextRows * kBlock, kTextRows, kTextWidth, out_.data(), scale_.data(), zero_.data());
  }

  double error_over_tolerance() override {
    run();
    double worst = 0;
    for (std::size_t row = 0; row < kTextRows; ++row) {
      for (std::size_t k = 0; k < kTextWidth; ++k) {
        const double value = a_[(k / kBlock * kTextRows + row) * kBlock + k % kBlock];
        const double found =
            (static_cast<double>(out_[(k / kDepth * kPaddedRows + row) * kDepth + k % kDepth]) - double{zero_[row]}) *
            double{scale_[row]};
        worst = std::max(worst, std::abs(found - value) / (1.01 * double{scale_[row]}));
      }
    }
    return worst;
  }

 private:
  static constexpr std::size_t kDepth = kernels::kOperandBlock<std::uint8_t>;
  static constexpr std::size_t kPaddedRows = (kTextRows + kernels::kTileRows - 1) / kernels::kTileRows * kernels::kTileRows;

  decltype(Kernels::quantize_rows) kernel_;
  std::vector<float> a_ = random_values(kTextRows * kTextWidth, 1);
  std::vector<std::uint8_t> out_ = std::vector<std::uint8_t>(kPaddedRows * kTextWidth);
  std::vector<float> scale_ = std::vector<float>(kTextRows);
  std::vector<float> zero_ = std::vector<float>(kTextRows);
};

class RoundRun final : public KernelRun {
 public:
  explicit RoundRun(const Kernels& table) : kernel_(table.round_to_bf16) {}

  void run() override { kernel_(a_.data(), shape_.rows * kBlock, shape_.rows, shape_.channels, out_.data()); }

  double error_over_tolerance() override {
    run();
    for (std::size_t row = 0; row < shape_.rows; ++row) {
      for (std::size_t k = 0; k < shape_.channels; ++k) {
        // The nearer of the two neighbours that the upper half of the bits gives, either of them at a tie.
        const float value = a_[(k / kBlock * shape_.rows + row) * kBlock + k % kBlock];
        const auto bits = std::bit_cast<std::uint32_t>(value);
        const auto below = std::bit_cast<float>(bits & 0xFFFF0000U);
        const auto above = std::bit_cast<float>((bits & 0xFFFF0000U) + 0x10000U);
        const double to_below = std::abs(double{value} - double{below});
        const double to_above = std::abs(double{value} - double{above});
        const auto found = std::bit_cast<float>(
            static_cast<std::uint32_t>(out_[(k / kDepth * kPaddedRows + row) * kDepth + k % kDepth]) << 16);
        const bool right =
            to_below == to_above ? found == below || found == above : found == (to_below < to_above ? below : above);
        if (!right) return 2;
      }
    }
    return 0;
  }

 private:
  static constexpr std::size_t kDepth = kernels::kOperandBlock<Bf16>;
  static constexpr std::size_t kPaddedRows = (kTextRows + kernels::kTileRows - 1) / kernels::kTileRows * kernels::kTileRows;

  void (*kernel_)(const float*, std::size_t, std::size_t, std::size_t, Bf16*);
  Shape shape_{kTextRows, kTextWidth};
  std::vector<float> a_ = random_values(shape_.values(), 1);
  std::vector<Bf16> out_ = std::vector<Bf16>(kPaddedRows * kTextWidth);
};

class PackRun final : public KernelRun {
 public:
  explicit PackRun(const Kernels& table) : kernel_(table.pack_transposed) {}

  void run() override { kernel_(x_.data(), kTextRows * kBlock, kTextRows, kHeadDim, out_.data()); }

  double error_over_tolerance() override {
    run();
    for (std::size_t row = 0; row < kPadded; ++row) {
      for (std::size_t c = 0; c < kHeadDim; ++c) {
        const float expected = row < kTextRows ? x_[shape_.at(row, c)] : 0.0F;
        if (out_[row / kBlock * kHeadDim * kBlock + c * kBlock + row % kBlock] != expected) return 2;
      }
    }
    return 0;
  }

  static constexpr std::size_t kHeadDim = 64;
  static constexpr std::size_t kPadded = 80;

 private:
  void (*kernel_)(const float*, std::size_t, std::size_t, std::size_t, float*);
  Shape shape_{kTextRows, kHeadDim};
  std::vector<float> x_ = random_values(shape_.values(), 1);
  std::vector<float> out_ = std::vector<float>(kPadded * kHeadDim, -1.0F);
};

template <typename Run, typename... Arguments>
auto maker(Arguments... arguments) {
  return [arguments...](const Kernels& table) -> std::unique_ptr<KernelRun> {
    return std::make_unique<Run>(table, arguments...);
  };
}

}  // namespace

std::vector<KernelCase> rowwise_cases() {
  constexpr std::size_t kText = kTextRows * kTextWidth;
  constexpr std::size_t kScaled = ScaleRun::kRows * kBlock;
  constexpr std::size_t kF = sizeof(float);
  // LayerNorm by hand: a sum, a difference and a multiply-add, a difference, a product and a multiply-add a value.
  return {
      {"layer_norm/text", Bound::kCopy, 8.0 * kText, 2 * kText * kF, maker<LayerNormRun>()},
      {"softmax/text, causal", Bound::kCopy, 0, 2 * kTextRows * 80 * kF, maker<SoftmaxRun>()},
      {"gelu/image stage 3, one block", Bound::kCopy, 0, 2 * kScaled * kF, maker<ScaleRun>(Activation::kGelu)},
      {"scale_block/image stage 3", Bound::kCopy, kScaled, 2 * kScaled * kF, maker<ScaleRun>(Activation::kNone)},
      {"mean_block/image stage 3", Bound::kCopy, kScaled, kScaled * kF, maker<MeanRun>()},
      {"round_to_bf16/text", Bound::kCopy, 0, kText * (kF + sizeof(Bf16)), maker<RoundRun>()},
      {"quantize_rows/text", Bound::kCopy, 0, kText * (kF + 1), maker<QuantizeRun>()},
      {"pack_transposed/text keys", Bound::kCopy, 0, (kTextRows + 80) * PackRun::kHeadDim * kF, maker<PackRun>()},
  };
}

}  // namespace mobileclip::bench
