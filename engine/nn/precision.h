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

constexpr std::string_view to_string(Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::kFp32:
      return "fp32";
    case Arithmetic::kSplitBf16:
      return "split bf16";
    case Arithmetic::kBf16:
      return "bf16";
    case Arithmetic::kInt8:
      return "int8";
  }
  return "";
}

/// A tower's arithmetic: that of most of its layers, and that of the few whose rounding would show most.
struct TowerArithmetic {
  Arithmetic usual = Arithmetic::kFp32;
  Arithmetic sensitive = usual;
};

constexpr TowerArithmetic arithmetic_of(Precision precision, const kernels::Kernels& kernels) {
  switch (precision) {
    case Precision::kFp32:
      return {.usual = kernels.splits_fp32 ? Arithmetic::kSplitBf16 : Arithmetic::kFp32};
    case Precision::kBf16:
      return {.usual = Arithmetic::kBf16};
    case Precision::kInt8:
      return {.usual = Arithmetic::kInt8, .sensitive = kernels.fast_bf16 ? Arithmetic::kBf16 : Arithmetic::kFp32};
  }
  return {};
}

}  // namespace mobileclip
