// Vec and its operations for AVX-512, for the including file's namespace MOBILECLIP_ISA.
// No include guard on purpose: see kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

using Vec = __m512;
using IntVec = __m512i;
inline constexpr int kLanes = 16;
inline constexpr int kGemmRows = 14;  // 14 x 2 accumulators, 2 of weights, 1 broadcast: 31 of 32 registers
inline constexpr int kGemmBlocks = 2;
inline constexpr int kDepthwisePixels = 8;

static inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
static inline void store(float* p, Vec v) { _mm512_storeu_ps(p, v); }
static inline Vec set1(float v) { return _mm512_set1_ps(v); }
static inline Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
static inline Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
static inline Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
static inline Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
static inline Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
static inline Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
static inline Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
static inline Vec round(Vec a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
/// a < b ? yes : no, lane by lane
static inline Vec select_less(Vec a, Vec b, Vec yes, Vec no) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}
/// a * 2^n for integral n
static inline Vec ldexp(Vec a, Vec n) { return _mm512_scalef_ps(a, n); }

static inline IntVec int_zero() { return _mm512_setzero_si512(); }
static inline Vec to_float(IntVec a) { return _mm512_cvtepi32_ps(a); }
/// 16 bytes as whole numbers, and their halves of 4 bits.
static inline IntVec load_bytes(const std::uint8_t* p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
static inline IntVec low_nibbles(IntVec a) { return _mm512_and_si512(a, _mm512_set1_epi32(15)); }
static inline IntVec high_nibbles(IntVec a) { return _mm512_srli_epi32(a, 4); }
/// 16 floats, rounded and held to [0, 255]
static inline void store_bytes(std::uint8_t* p, Vec v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(max(v, set1(0.0F)))));
}

/// 4 neighbouring k of one row, in every lane.
static inline __m512i broadcast_bytes(const std::uint8_t* p) {
  int four;
  __builtin_memcpy(&four, p, sizeof(four));
  return _mm512_set1_epi32(four);
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA

#include "engine/kernels/gelu_table.h"
