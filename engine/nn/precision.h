// The arithmetic of a model's products: what the user asks for, and what a layer does.
#pragma once

#include <string_view>

#include "engine/kernels/kernels.h"

namespace mobileclip {

/// What the products' operands are rounded to. Sums (exact in int8), activations between layers, norms and softmax are
/// float32 in each.
enum class Precision {
  kFp32,
  kBf16,
  kInt8,  ///< weights by output channel, activations by row
};

constexpr std::string_view to_string(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return "fp32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kInt8:
      return "int8";
  }
  return "";
}

/// What a layer multiplies.
enum class Arithmetic {
  kFp32,
  kSplitBf16,  ///< float32 as the sum of two bfloat16, where that is faster (kernels.h, gemm_split)
  kBf16,
  kInt8,
};

constexpr Arithmetic arithmetic_of(Precision precision, const kernels::Kernels& kernels) {
  switch (precision) {
    case Precision::kFp32:
      return kernels.splits_fp32 ? Arithmetic::kSplitBf16 : Arithmetic::kFp32;
    case Precision::kBf16:
      return Arithmetic::kBf16;
    case Precision::kInt8:
      return Arithmetic::kInt8;
  }
  return Arithmetic::kFp32;
}

}  // namespace mobileclip
