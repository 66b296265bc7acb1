#include <algorithm>
#include <cmath>

#include "bench/kernels/kernel_case.h"

namespace mobileclip::bench {
namespace {

using kernels::Activation;
using kernels::kBlock;

struct Shape {
  const char* where;
  std::size_t kernel;
  std::size_t stride;
  std::size_t side;  ///< of the output, in pixels
  void (*kernels::Kernels::*slot)(const kernels::Depthwise&);
};

constexpr Shape kShapes[] = {
    {"depthwise3x3/image stage 1 token mixer", 3, 1, 64, &kernels::Kernels::depthwise3x3},
    {"depthwise3x3/image stage 3 token mixer", 3, 1, 16, &kernels::Kernels::depthwise3x3},
    {"depthwise3x3_stride2/image stem", 3, 2, 64, &kernels::Kernels::depthwise3x3_stride2},
    {"depthwise7x7/image stage 1 conv", 7, 1, 64, &kernels::Kernels::depthwise7x7},
    {"depthwise7x7/image stage 3 conv", 7, 1, 16, &kernels::Kernels::depthwise7x7},
    {"depthwise7x7/image stage 4 conv", 7, 1, 8, &kernels::Kernels::depthwise7x7},
    {"depthwise7x7_stride2/image downsample 1", 7, 2, 32, &kernels::Kernels::depthwise7x7_stride2},
    {"depthwise7x7_stride2/image downsample 3", 7, 2, 8, &kernels::Kernels::depthwise7x7_stride2},
};

std::size_t in_side(const Shape& shape) { return (shape.side - 1) * shape.stride + shape.kernel; }

class DepthwiseRun final : public KernelRun {
 public:
  DepthwiseRun(const Shape& shape, void (*kernel)(const kernels::Depthwise&))
      : shape_(shape),
        kernel_(kernel),
        in_(random_values(in_side(shape) * in_side(shape) * kBlock, 1)),
        weight_(random_values(shape.kernel * shape.kernel * kBlock, 2)),
        bias_(random_values(kBlock, 3)),
        out_(shape.side * shape.side * kBlock) {}

  void run() override {
    kernel_({.in = in_.data(),
             .in_width = in_side(shape_),
             .out = out_.data(),
             .out_rows = shape_.side,
             .out_width = shape_.side,
             .weight = weight_.data(),
             .bias = bias_.data(),
             .activation = Activation::kNone});
  }

  double error_over_tolerance() override {
    run();
    double worst = 0;
    for (std::size_t i = 0; i < out_.size(); ++i) worst = std::max(worst, std::abs(out_[i] - expected(i)));
    return worst / 2e-5;
  }

 private:
  double expected(std::size_t i) const {
    const std::size_t channel = i % kBlock;
    const std::size_t x = i / kBlock % shape_.side;
    const std::size_t y = i / kBlock / shape_.side;
    double sum = bias_[channel];
    for (std::size_t ky = 0; ky < shape_.kernel; ++ky) {
      for (std::size_t kx = 0; kx < shape_.kernel; ++kx) {
        const std::size_t pixel = (y * shape_.stride + ky) * in_side(shape_) + x * shape_.stride + kx;
        sum += double{in_[pixel * kBlock + channel]} * double{weight_[(ky * shape_.kernel + kx) * kBlock + channel]};
      }
    }
    return sum;
  }

  Shape shape_;
  void (*kernel_)(const kernels::Depthwise&);
  std::vector<float> in_;
  std::vector<float> weight_;
  std::vector<float> bias_;
  std::vector<float> out_;
};

}  // namespace

std::vector<KernelCase> depthwise_cases() {
  std::vector<KernelCase> cases;
  for (const Shape& shape : kShapes) {
    const std::size_t outputs = shape.side * shape.side * kBlock;
    cases.push_back({.name = shape.where,
                     .bound = Bound::kFloat32,
                     .operations = 2.0 * static_cast<double>(outputs * shape.kernel * shape.kernel),
                     .bytes = (outputs + in_side(shape) * in_side(shape) * kBlock) * sizeof(float),
                     .make = [shape](const kernels::Kernels& table) -> std::unique_ptr<KernelRun> {
                       return std::make_unique<DepthwiseRun>(shape, table.*shape.slot);
                     }});
  }
  return cases;
}

}  // namespace mobileclip::bench
