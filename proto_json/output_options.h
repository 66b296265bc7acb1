// How a client wants embeddings sent: the same names in JSON, form fields and query parameters.
#pragma once

#include <optional>
#include <string_view>

#include "engine/base/error.h"

namespace mobileclip::proto {

enum class FloatType { kF32, kF16 };
enum class Quantization { kNone, kInt8, kBinary };

struct OutputOptions {
  FloatType dtype = FloatType::kF32;            ///< "dtype": "f32" | "f16"
  Quantization quantize = Quantization::kNone;  ///< "quantize": "none" | "int8" | "binary"
  bool base64 = false;                          ///< "encoding_format": "float" | "base64"; JSON only
  friend bool operator==(const OutputOptions&, const OutputOptions&) = default;
};

inline constexpr std::string_view kOutputOptions[] = {"encoding_format", "dtype", "quantize"};

/// `name` is one of kOutputOptions. kInvalidArgument where `word` is none of its words, naming them.
std::optional<Error> set_output_option(OutputOptions& options, std::string_view name, std::string_view word);

/// What of the options contradicts the rest, if anything.
std::optional<Error> check_output_options(const OutputOptions& options);

}  // namespace mobileclip::proto
