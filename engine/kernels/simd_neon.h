// Vec and its operations for NEON, for the including file's namespace MOBILECLIP_ISA.
// No include guard on purpose: see kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

using Vec = float32x4_t;
using IntVec = int32x4_t;
inline constexpr int kLanes = 4;
inline constexpr int kGemmRows = 5;  // 5 x 4 accumulators, 4 of weights, 5 of rows: 29 of 32 registers
inline constexpr int kGemmBlocks = 1;
inline constexpr int kDepthwisePixels = 8;

static inline Vec load(const float* p) { return vld1q_f32(p); }
static inline void store(float* p, Vec v) { vst1q_f32(p, v); }
static inline Vec set1(float v) { return vdupq_n_f32(v); }
static inline Vec add(Vec a, Vec b) { return vaddq_f32(a, b); }
static inline Vec sub(Vec a, Vec b) { return vsubq_f32(a, b); }
static inline Vec mul(Vec a, Vec b) { return vmulq_f32(a, b); }
static inline Vec div(Vec a, Vec b) { return vdivq_f32(a, b); }
static inline Vec fma(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }
static inline Vec min(Vec a, Vec b) { return vminq_f32(a, b); }
static inline Vec max(Vec a, Vec b) { return vmaxq_f32(a, b); }
static inline Vec round(Vec a) { return vrndnq_f32(a); }
/// a < b ? yes : no, lane by lane
static inline Vec select_less(Vec a, Vec b, Vec yes, Vec no) { return vbslq_f32(vcltq_f32(a, b), yes, no); }
/// a * 2^n for integral n in [-126, 127]
static inline Vec ldexp(Vec a, Vec n) {
  const int32x4_t exponent = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23);
  return vmulq_f32(a, vreinterpretq_f32_s32(exponent));
}

static inline IntVec int_zero() { return vdupq_n_s32(0); }
static inline Vec to_float(IntVec a) { return vcvtq_f32_s32(a); }
/// 4 bytes as whole numbers, and their halves of 4 bits.
static inline IntVec load_bytes(const std::uint8_t* p) {
  std::uint32_t four;
  __builtin_memcpy(&four, p, sizeof(four));
  const uint16x8_t words = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)));
  return vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(words)));
}
static inline IntVec low_nibbles(IntVec a) { return vandq_s32(a, vdupq_n_s32(15)); }
static inline IntVec high_nibbles(IntVec a) { return vshrq_n_s32(a, 4); }
/// 4 floats, rounded and held to [0, 255]
static inline void store_bytes(std::uint8_t* p, Vec v) {
  const uint16x4_t words = vqmovn_u32(vcvtnq_u32_f32(v));
  const std::uint32_t four = vget_lane_u32(vreinterpret_u32_u8(vqmovn_u16(vcombine_u16(words, words))), 0);
  __builtin_memcpy(p, &four, sizeof(four));
}

/// 4 bytes of memory in the lowest lane: the dot products take one lane of an operand for all of the other's.
static inline float32x2_t load_word(const void* p) {
  float word;
  __builtin_memcpy(&word, p, sizeof(word));
  return vset_lane_f32(word, vdup_n_f32(0.0F), 0);
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA

#include "engine/kernels/gelu_rational.h"
