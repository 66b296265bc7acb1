// AVX-512 with the dot products of bfloat16 and bytes (Cooper Lake, Zen 4 and later); see isa_avx512.cpp for why it
// includes so little.
#include <immintrin.h>

#include "engine/kernels/isa_tables.h"

#define MOBILECLIP_ISA avx512bf16
#include "engine/kernels/simd_avx512.h"

// These use the above.
#include "engine/kernels/dot_avx512bf16.h"
#include "engine/kernels/dot_avx512vnni.h"
#include "engine/kernels/kernel_templates.h"

namespace mobileclip::kernels {
const Kernels& avx512bf16_kernels() {
  static constexpr Kernels table = avx512bf16::make_table("avx512bf16", true);
  return table;
}
}  // namespace mobileclip::kernels
