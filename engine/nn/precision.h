// The arithmetic of a model's products.
#pragma once

#include <string_view>

namespace mobileclip {

/// What a layer multiplies. Sums, activations between layers, norms and softmax are float32 in each.
enum class Precision {
  kFp32,
  kBf16,  ///< weights and inputs of a product rounded to bfloat16
};

constexpr std::string_view to_string(Precision precision) { return precision == Precision::kFp32 ? "fp32" : "bf16"; }

}  // namespace mobileclip
