// Compiled with AVX2 and FMA flags; see isa_avx512.cpp for why it includes so little.
#include <immintrin.h>

#include "engine/kernels/isa_tables.h"

#define MOBILECLIP_ISA avx2
namespace mobileclip::kernels::avx2 {

using Vec = __m256;
using IntVec = __m256i;
inline constexpr int kLanes = 8;
inline constexpr int kGemmRows = 6;  // 6 x 2 accumulators, 2 of weights, 1 broadcast: 15 of 16 registers
inline constexpr int kGemmBlocks = 1;
inline constexpr int kDepthwisePixels = 6;

static inline Vec load(const float* p) { return _mm256_loadu_ps(p); }
static inline void store(float* p, Vec v) { _mm256_storeu_ps(p, v); }
static inline Vec set1(float v) { return _mm256_set1_ps(v); }
static inline Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
static inline Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
static inline Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
static inline Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
static inline Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
static inline Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
static inline Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
static inline Vec round(Vec a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
/// a < b ? yes : no, lane by lane
static inline Vec select_less(Vec a, Vec b, Vec yes, Vec no) {
  return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
/// a * 2^n for integral n in [-126, 127]
static inline Vec ldexp(Vec a, Vec n) {
  const __m256i exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_mul_ps(a, _mm256_castsi256_ps(exponent));
}

/// Two neighbouring k of 8 outputs as float32: a bfloat16 is the upper half of one.
struct Bf16Pair {
  Vec even;
  Vec odd;
};

static inline Bf16Pair split(__m256i pairs) {
  return {_mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16)),
          _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(static_cast<int>(0xFFFF0000U))))};
}

static inline Bf16Pair load_operand(const Bf16* p) {
  return split(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
static inline Bf16Pair broadcast_operand(const Bf16* p) {
  int pair;
  __builtin_memcpy(&pair, p, sizeof(pair));
  return split(_mm256_set1_epi32(pair));
}
static inline Vec dot(Bf16Pair x, Bf16Pair w, Vec sum) { return fma(x.odd, w.odd, fma(x.even, w.even, sum)); }

static inline IntVec int_zero() { return _mm256_setzero_si256(); }
static inline Vec to_float(IntVec a) { return _mm256_cvtepi32_ps(a); }
/// 8 bytes as whole numbers, and their halves of 4 bits.
static inline IntVec load_bytes(const std::uint8_t* p) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
static inline IntVec low_nibbles(IntVec a) { return _mm256_and_si256(a, _mm256_set1_epi32(15)); }
static inline IntVec high_nibbles(IntVec a) { return _mm256_srli_epi32(a, 4); }
/// 8 floats, rounded and held to [0, 255]
static inline void store_bytes(std::uint8_t* p, Vec v) {
  const __m256i whole = _mm256_cvtps_epi32(v);
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
}

/// 4 bytes a lane as 16-bit numbers: products of two neighbours summed by vpmaddwd are exact, where vpmaddubsw
/// saturates.
struct WidenedBytes {
  __m256i even;
  __m256i odd;
};

inline constexpr float kByteOffset = 0.0F;
static inline WidenedBytes load_operand(const std::int8_t* p) {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return {_mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8), _mm256_srai_epi16(bytes, 8)};
}
static inline WidenedBytes broadcast_operand(const std::uint8_t* p) {
  int four;
  __builtin_memcpy(&four, p, sizeof(four));
  const __m256i bytes = _mm256_set1_epi32(four);
  return {_mm256_and_si256(bytes, _mm256_set1_epi16(0x00FF)), _mm256_srli_epi16(bytes, 8)};
}
static inline IntVec dot(WidenedBytes x, WidenedBytes w, IntVec sum) {
  return _mm256_add_epi32(_mm256_add_epi32(sum, _mm256_madd_epi16(x.even, w.even)),
                          _mm256_madd_epi16(x.odd, w.odd));
}

}  // namespace mobileclip::kernels::avx2

#include "engine/kernels/gelu_rational.h"

// These use the above.
#include "engine/kernels/kernel_templates.h"

namespace mobileclip::kernels {
const Kernels& avx2_kernels() {
  static constexpr Kernels table = avx2::make_table("avx2");
  return table;
}
}  // namespace mobileclip::kernels
