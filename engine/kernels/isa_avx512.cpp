// Compiled with AVX-512 flags: includes nothing but intrinsics and our own templates, which live in a namespace of
// this instruction set alone, so that no symbol compiled here can be linked into code for a lesser CPU.
#include <immintrin.h>

#include "engine/kernels/isa_tables.h"

#define MOBILECLIP_ISA avx512
#include "engine/kernels/simd_avx512.h"

namespace mobileclip::kernels::avx512 {

/// Two neighbouring k of 16 outputs as float32: a bfloat16 is the upper half of one.
struct Bf16Pair {
  Vec even;
  Vec odd;
};

static inline Bf16Pair split(__m512i pairs) {
  return {_mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16)),
          _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(static_cast<int>(0xFFFF0000U))))};
}

static inline Bf16Pair load_operand(const Bf16* p) { return split(_mm512_loadu_si512(p)); }
static inline Bf16Pair broadcast_operand(const Bf16* p) {
  int pair;
  __builtin_memcpy(&pair, p, sizeof(pair));
  return split(_mm512_set1_epi32(pair));
}
static inline Vec dot(Bf16Pair x, Bf16Pair w, Vec sum) { return fma(x.odd, w.odd, fma(x.even, w.even, sum)); }

}  // namespace mobileclip::kernels::avx512

#include "engine/kernels/kernel_templates.h"

namespace mobileclip::kernels {
const Kernels& avx512_kernels() {
  static constexpr Kernels table = avx512::make_table("avx512");
  return table;
}
}  // namespace mobileclip::kernels
