#include "engine/weights/float_conversion.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace mobileclip {
namespace {

// binary32: sign 1, exponent 8 (bias 127), mantissa 23.
constexpr std::uint32_t kExponentMask = 0x7F80'0000;
constexpr std::uint32_t kMagnitudeMask = 0x7FFF'FFFF;
constexpr std::uint32_t kQuietBit = 0x0040'0000;

/// `value` / 2^shift, rounded to nearest, ties to even. shift is 1 … 63.
constexpr std::uint64_t shift_right_to_nearest_even(std::uint64_t value, int shift) {
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  const std::uint64_t is_odd = (value >> shift) & 1;
  return (value + half - 1 + is_odd) >> shift;
}

template <typename T>
void convert_all(const std::byte* from, std::span<float> out, float (*convert)(T)) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    T element;
    std::memcpy(&element, from + i * sizeof(T), sizeof(T));
    out[i] = convert(element);
  }
}

}  // namespace

float f16_to_f32(std::uint16_t bits) {  // binary16: sign 1, exponent 5 (bias 15), mantissa 10
  const std::uint32_t sign = std::uint32_t{bits & 0x8000u} << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1F;
  const std::uint32_t mantissa = bits & 0x3FF;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | kExponentMask | mantissa << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 127 - 15) << 23 | mantissa << 13);
  if (mantissa == 0) return std::bit_cast<float>(sign);
  // Subnormal: mantissa * 2^-24, normal in binary32. Its leading bit moves to where the implicit one stands.
  const int leading = 31 - std::countl_zero(mantissa);
  const std::uint32_t fraction = (mantissa << (23 - leading)) & 0x007F'FFFF;
  return std::bit_cast<float>(sign | static_cast<std::uint32_t>(leading - 24 + 127) << 23 | fraction);
}

float bf16_to_f32(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

float f64_to_f32(std::uint64_t bits) {  // binary64: sign 1, exponent 11 (bias 1023), mantissa 52
  const auto sign = static_cast<std::uint32_t>(bits >> 32) & 0x8000'0000u;
  const int exponent = static_cast<int>((bits >> 52) & 0x7FF);
  const std::uint64_t mantissa = bits & 0x000F'FFFF'FFFF'FFFF;
  if (exponent == 0x7FF) {
    const std::uint32_t payload = mantissa == 0 ? 0 : kQuietBit | static_cast<std::uint32_t>(mantissa >> 29);
    return std::bit_cast<float>(sign | kExponentMask | payload);
  }
  const int exponent32 = exponent - 1023 + 127;
  if (exponent32 >= 0xFF) return std::bit_cast<float>(sign | kExponentMask);
  if (exponent32 >= 1) {  // a carry out of the mantissa moves on into the exponent, up to infinity: as it should
    const std::uint64_t magnitude = static_cast<std::uint64_t>(exponent32) << 52 | mantissa;
    return std::bit_cast<float>(sign | static_cast<std::uint32_t>(shift_right_to_nearest_even(magnitude, 29)));
  }
  const int shift = 29 + 1 - exponent32;  // subnormal in binary32, or zero
  if (exponent == 0 || shift > 54) return std::bit_cast<float>(sign);
  const std::uint64_t significand = std::uint64_t{1} << 52 | mantissa;
  return std::bit_cast<float>(sign | static_cast<std::uint32_t>(shift_right_to_nearest_even(significand, shift)));
}

std::uint16_t f32_to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
  const std::uint32_t magnitude = bits & kMagnitudeMask;
  if (magnitude > kExponentMask) return static_cast<std::uint16_t>(sign | 0x7E00 | ((magnitude >> 13) & 0x3FF));
  if (magnitude >= 0x4780'0000) return sign | 0x7C00;  // 2^16 and above, infinity with them
  if (magnitude >= 0x3880'0000) {                      // 2^-14 and above: normal, carries move into the exponent
    const std::uint32_t rebased = magnitude - ((127u - 15u) << 23);
    return static_cast<std::uint16_t>(sign | shift_right_to_nearest_even(rebased, 13));
  }
  const int shift = 113 + 13 - static_cast<int>(magnitude >> 23);  // subnormal in units of 2^-24, or zero
  if (shift > 25) return sign;
  const std::uint32_t significand = 0x0080'0000 | (magnitude & 0x007F'FFFF);
  return static_cast<std::uint16_t>(sign | shift_right_to_nearest_even(significand, shift));
}

std::uint16_t f32_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & kMagnitudeMask) > kExponentMask) return static_cast<std::uint16_t>((bits | kQuietBit) >> 16);
  return static_cast<std::uint16_t>(shift_right_to_nearest_even(bits, 16));
}

void f16_to_f32(const std::byte* from, std::span<float> out) { convert_all<std::uint16_t>(from, out, f16_to_f32); }
void bf16_to_f32(const std::byte* from, std::span<float> out) { convert_all<std::uint16_t>(from, out, bf16_to_f32); }
void f64_to_f32(const std::byte* from, std::span<float> out) { convert_all<std::uint64_t>(from, out, f64_to_f32); }

std::size_t first_not_finite(std::span<const float> values) {
  // Blocks without an exit inside, so that the compiler vectorises them; the rare hit is then looked for one by one.
  constexpr std::size_t kBlock = 4096;
  const auto is_not_finite = [](float v) { return (std::bit_cast<std::uint32_t>(v) & kExponentMask) == kExponentMask; };
  for (std::size_t begin = 0; begin < values.size(); begin += kBlock) {
    const auto block = values.subspan(begin, std::min(kBlock, values.size() - begin));
    std::uint32_t any = 0;
    for (const float v : block) any |= is_not_finite(v) ? 1u : 0u;
    if (any) return begin + static_cast<std::size_t>(std::ranges::find_if(block, is_not_finite) - block.begin());
  }
  return values.size();
}

}  // namespace mobileclip
