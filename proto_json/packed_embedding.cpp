#include "proto_json/packed_embedding.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/weights/float_conversion.h"

namespace mobileclip::proto {
namespace {

constexpr float kInt8Most = 127;  // -128 is left out, so that a row and its negative mirror each other

template <typename Bits>
void append_little_endian(std::string& out, Bits bits) {
  for (std::size_t i = 0; i < sizeof bits; ++i) out += static_cast<char>(bits >> (8 * i));
}

float append_int8(std::string& out, std::span<const float> embedding) {
  float largest = 0;
  for (const float x : embedding) largest = std::max(largest, std::abs(x));
  for (const float x : embedding) {
    const float scaled = largest > 0 ? x / largest * kInt8Most : 0;
    out += static_cast<char>(static_cast<std::int8_t>(std::lround(scaled)));
  }
  return largest / kInt8Most;
}

void append_bits(std::string& out, std::span<const float> embedding) {
  for (std::size_t i = 0; i < embedding.size(); i += 8) {
    unsigned byte = 0;
    for (std::size_t bit = 0; bit < 8 && i + bit < embedding.size(); ++bit) {
      if (embedding[i + bit] > 0) byte |= 0x80u >> bit;
    }
    out += static_cast<char>(byte);
  }
}

}  // namespace

ElementType element_type(const OutputOptions& options) {
  switch (options.quantize) {
    case Quantization::kInt8:
      return ElementType::kInt8;
    case Quantization::kBinary:
      return ElementType::kBinary;
    case Quantization::kNone:
      break;
  }
  return options.dtype == FloatType::kF16 ? ElementType::kF16 : ElementType::kF32;
}

std::string_view to_string(ElementType type) {
  switch (type) {
    case ElementType::kF32:
      return "f32";
    case ElementType::kF16:
      return "f16";
    case ElementType::kInt8:
      return "int8";
    case ElementType::kBinary:
      return "binary";
  }
  return {};
}

std::size_t packed_size(std::size_t dimensions, ElementType type) {
  switch (type) {
    case ElementType::kF32:
      return dimensions * 4;
    case ElementType::kF16:
      return dimensions * 2;
    case ElementType::kInt8:
      return dimensions;
    case ElementType::kBinary:
      return (dimensions + 7) / 8;
  }
  return 0;
}

float append_packed(std::string& out, std::span<const float> embedding, ElementType type) {
  switch (type) {
    case ElementType::kF32:
      for (const float x : embedding) append_little_endian(out, std::bit_cast<std::uint32_t>(x));
      break;
    case ElementType::kF16:
      for (const float x : embedding) append_little_endian(out, f32_to_f16(x));
      break;
    case ElementType::kInt8:
      return append_int8(out, embedding);
    case ElementType::kBinary:
      append_bits(out, embedding);
      break;
  }
  return 1;
}

}  // namespace mobileclip::proto
