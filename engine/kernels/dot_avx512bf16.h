// The dot product of bfloat16 by AVX512-BF16, for the including file's namespace MOBILECLIP_ISA.
// No include guard on purpose: see kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

static inline __m512bh load_operand(const Bf16* p) { return reinterpret_cast<__m512bh>(_mm512_loadu_si512(p)); }
static inline __m512bh broadcast_operand(const Bf16* p) {
  int pair;
  __builtin_memcpy(&pair, p, sizeof(pair));
  return reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
}
static inline Vec dot(__m512bh x, __m512bh w, Vec sum) { return _mm512_dpbf16_ps(sum, x, w); }

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
