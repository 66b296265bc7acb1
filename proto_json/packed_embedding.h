// Embeddings as bytes: what base64, application/octet-stream and .npy carry, and the integers of quantized JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proto_json/output_options.h"

namespace mobileclip::proto {

/// f32, f16: IEEE 754, little-endian; f16 rounds to nearest even.
/// int8: round(x / scale), scale = max|x| / 127, halves away from zero: -127 … 127. A row of zeros has scale 0.
/// binary: a bit a value, 1 where x > 0; the first in a byte's highest bit (numpy.packbits), unused bits 0.
enum class ElementType { kF32, kF16, kInt8, kBinary };

ElementType element_type(const OutputOptions& options);
std::string_view to_string(ElementType type);  ///< "f32", "f16", "int8", "binary"

/// Bytes that `dimensions` values take.
std::size_t packed_size(std::size_t dimensions, ElementType type);

/// Appends the embedding to `out`. Returns int8's scale, 1 for other types.
float append_packed(std::string& out, std::span<const float> embedding, ElementType type);

}  // namespace mobileclip::proto
