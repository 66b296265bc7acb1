// Between float32 and the narrower or wider formats that weights are stored in. Integer arithmetic throughout: exact
// for subnormals, infinities and NaN whatever FTZ/DAZ say, and the same on every CPU. Narrowing rounds to nearest even.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mobileclip {

float f16_to_f32(std::uint16_t bits);
float bf16_to_f32(std::uint16_t bits);
/// Too large becomes infinite, too small a subnormal or zero. NaN stays NaN.
float f64_to_f32(std::uint64_t bits);

std::uint16_t f32_to_f16(float value);
std::uint16_t f32_to_bf16(float value);

/// The same for many; `from` holds out.size() little-endian elements and need not be aligned for them.
void f16_to_f32(const std::byte* from, std::span<float> out);
void bf16_to_f32(const std::byte* from, std::span<float> out);
void f64_to_f32(const std::byte* from, std::span<float> out);

/// Index of the first NaN or infinity, values.size() where all are finite.
std::size_t first_not_finite(std::span<const float> values);

}  // namespace mobileclip
