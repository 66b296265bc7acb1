// AVX-512 with the bfloat16 dot product (Cooper Lake, Zen 4 and later); see isa_avx512.cpp for why it includes so
// little.
#include <immintrin.h>

#include "engine/kernels/isa_tables.h"

#define MOBILECLIP_ISA avx512bf16
#include "engine/kernels/simd_avx512.h"

namespace mobileclip::kernels::avx512bf16 {

static inline __m512bh load_operand(const Bf16* p) { return reinterpret_cast<__m512bh>(_mm512_loadu_si512(p)); }
static inline __m512bh broadcast_operand(const Bf16* p) {
  int pair;
  __builtin_memcpy(&pair, p, sizeof(pair));
  return reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
}
static inline Vec dot(__m512bh x, __m512bh w, Vec sum) { return _mm512_dpbf16_ps(sum, x, w); }

}  // namespace mobileclip::kernels::avx512bf16

#include "engine/kernels/kernel_templates.h"

namespace mobileclip::kernels {
const Kernels& avx512bf16_kernels() {
  static constexpr Kernels table = avx512bf16::make_table("avx512bf16");
  return table;
}
}  // namespace mobileclip::kernels
