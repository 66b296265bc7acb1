// The dot product of bytes by AVX512-VNNI, for the including file's namespace MOBILECLIP_ISA.
// No include guard on purpose: see kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

static inline __m512i load_operand(const std::int8_t* p) { return _mm512_loadu_si512(p); }
static inline __m512i broadcast_operand(const std::uint8_t* p) { return broadcast_bytes(p); }
static inline IntVec dot(__m512i x, __m512i w, IntVec sum) { return _mm512_dpbusd_epi32(sum, x, w); }

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
