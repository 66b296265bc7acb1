// What one core of this machine can do at most, measured: what the kernels' speeds are percentages of.
#pragma once

#include <cstddef>

namespace mobileclip::bench {

/// Floating-point operations a second of the widest multiply-add that the CPU has: of float32, or of bfloat16 pairs
/// summed in float32, where it has an instruction for those (else of float32). Takes about 2 ms.
double peak_float32();
double peak_bfloat16();

/// Bytes a second, read and written, of std::memcpy over so many bytes again and again. Takes about 2 ms.
double peak_copy(std::size_t bytes);

}  // namespace mobileclip::bench
