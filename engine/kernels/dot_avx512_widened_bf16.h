// The dot product of bfloat16 where the CPU has none, for the including file's namespace MOBILECLIP_ISA.
// No include guard on purpose: see kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

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

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
