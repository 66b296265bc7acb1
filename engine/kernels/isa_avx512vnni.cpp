// AVX-512 with the dot product of bytes (Cascade Lake, Ice Lake and later); see isa_avx512.cpp for why it includes so
// little.
#include <immintrin.h>

#include "engine/kernels/isa_tables.h"

#define MOBILECLIP_ISA avx512vnni
#include "engine/kernels/simd_avx512.h"

// These use the above.
#include "engine/kernels/dot_avx512_widened_bf16.h"
#include "engine/kernels/dot_avx512vnni.h"
#include "engine/kernels/kernel_templates.h"

namespace mobileclip::kernels {
const Kernels& avx512vnni_kernels() {
  static constexpr Kernels table = avx512vnni::make_table("avx512vnni");
  return table;
}
}  // namespace mobileclip::kernels
