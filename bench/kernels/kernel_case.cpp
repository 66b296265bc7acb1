#include "bench/kernels/kernel_case.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace mobileclip::bench {

std::vector<float> random_values(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(random() >> 8) / 8388608.0F - 1.0F;
  return values;
}

double activated(double x, kernels::Activation activation) {
  switch (activation) {
    case kernels::Activation::kNone:
      return x;
    case kernels::Activation::kGelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case kernels::Activation::kRelu:
      return std::max(x, 0.0);
    case kernels::Activation::kGeluTanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case kernels::Activation::kQuickGelu:
      return x / (1 + std::exp(-1.702 * x));
    case kernels::Activation::kSilu:
      return x / (1 + std::exp(-x));
    case kernels::Activation::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case kernels::Activation::kTanh:
      return std::tanh(x);
  }
  return x;
}

}  // namespace mobileclip::bench
