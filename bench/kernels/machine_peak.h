// What one core of this machine can do at most, measured: what the kernels' speeds are percentages of.
#pragma once

#include <cstddef>

namespace mobileclip::bench {

/// Operations a second of the widest multiply-add that the CPU has: of float32; of bfloat16 summed in float32; of bytes
/// summed in int32. AMX tiles where it has them; where it has no instruction for a kind, what float32 does. Takes about
/// 2 ms.
double peak_float32();
double peak_bfloat16();
double peak_int8();

/// Bytes a second, read and written, of std::memcpy over so many bytes again and again. Takes about 2 ms.
double peak_copy(std::size_t bytes);

}  // namespace mobileclip::bench
