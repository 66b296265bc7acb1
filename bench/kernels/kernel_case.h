// A kernel on one of the shapes that the models give it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/kernels/kernels.h"

namespace mobileclip::bench {

/// What a kernel's speed is compared with.
enum class Bound { kFloat32, kBfloat16, kInt8, kCopy };

/// A kernel with its operands.
class KernelRun {
 public:
  virtual ~KernelRun() = default;
  virtual void run() = 0;
  /// After run(), on fresh operands: the largest difference to plain loops in double, over what is allowed.
  virtual double error_over_tolerance() = 0;
};

struct KernelCase {
  std::string name;  ///< kernel, then where the shape stands in MobileCLIP2-S0
  Bound bound;
  double operations;  ///< a call's, multiply-adds counted as two; 0 for kernels that only move values
  std::size_t bytes;  ///< read and written by a call, each operand once
  std::function<std::unique_ptr<KernelRun>(const kernels::Kernels&)> make;
};

std::vector<KernelCase> gemm_cases();
std::vector<KernelCase> affine_cases();
std::vector<KernelCase> depthwise_cases();
std::vector<KernelCase> rowwise_cases();

/// Evenly spread over [-1, 1), by `seed` alone.
std::vector<float> random_values(std::size_t count, unsigned seed);
double activated(double x, kernels::Activation activation);

}  // namespace mobileclip::bench
