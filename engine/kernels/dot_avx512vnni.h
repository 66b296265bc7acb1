// The dot product of bytes by AVX512-VNNI, for the including file's namespace MOBILECLIP_ISA.
// No include guard on purpose: see kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

inline constexpr float kByteOffset = 0.0F;
static inline __m512i load_operand(const std::int8_t* p) { return _mm512_loadu_si512(p); }
static inline __m512i broadcast_operand(const std::uint8_t* p) { return broadcast_bytes(p); }
/// sum += x · w. Not _mm512_dpbusd_epi32: for that GCC 12 copies and spills the accumulators, at half the speed.
static inline IntVec dot(__m512i x, __m512i w, IntVec sum) {
  asm("vpdpbusd %[w], %[x], %[sum]" : [sum] "+v"(sum) : [x] "v"(x), [w] "v"(w));
  return sum;
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
