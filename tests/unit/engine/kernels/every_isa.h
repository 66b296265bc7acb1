// Runs a kernel test by every instruction set of this architecture that we have kernels for, and by the emulation of
// AMX.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/kernels/dispatch.h"
#include "tests/support/amx_emulation.h"

namespace mobileclip::kernels {

inline const std::string kIsaNames[] = {
#if defined(__x86_64__)
    "amx",          "avx512bf16", "avx512vnni", "avx512", "avx2",
#elif defined(__aarch64__)
    "neonbf16", "neondotprod",
#endif
    "amx_emulated", "portable"};

class EveryIsa : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    kernels_ = GetParam() == "amx_emulated" ? &testing::emulated_amx() : find(GetParam());
    if (!kernels_) GTEST_SKIP() << "this CPU has no " << GetParam();
  }
  const Kernels* kernels_ = nullptr;
};

inline double exact(double x, Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kGelu:
      return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kGeluTanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::kQuickGelu:
      return x / (1 + std::exp(-1.702 * x));
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
    case Activation::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::kTanh:
      return std::tanh(x);
  }
  return x;
}

}  // namespace mobileclip::kernels
