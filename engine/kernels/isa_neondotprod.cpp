// NEON with the dot product of signed bytes (Neoverse N1, Cortex-A76, Apple M1 and later); see isa_avx512.cpp for why
// it includes so little.
#include <arm_neon.h>

#include "engine/kernels/isa_tables.h"

#define MOBILECLIP_ISA neondotprod
#include "engine/kernels/simd_neon.h"

namespace mobileclip::kernels::neondotprod {

// A bfloat16 is the upper half of a float32: two neighbouring k of 4 outputs, and of one row in the lowest lanes.
struct Bf16Pairs {
  float32x4_t even;
  float32x4_t odd;
};
struct Bf16Pair {
  float32x2_t even;
  float32x2_t odd;
};
inline constexpr std::uint32_t kOdd = 0xFFFF0000U;

static inline Bf16Pairs load_operand(const Bf16* p) {
  const uint32x4_t pairs = vreinterpretq_u32_u16(vld1q_u16(p));
  return {vreinterpretq_f32_u32(vshlq_n_u32(pairs, 16)), vreinterpretq_f32_u32(vandq_u32(pairs, vdupq_n_u32(kOdd)))};
}
static inline Bf16Pair broadcast_operand(const Bf16* p) {
  const uint32x2_t pair = vreinterpret_u32_f32(load_word(p));
  return {vreinterpret_f32_u32(vshl_n_u32(pair, 16)), vreinterpret_f32_u32(vand_u32(pair, vdup_n_u32(kOdd)))};
}
static inline Vec dot(Bf16Pair x, Bf16Pairs w, Vec sum) {
  return vfmaq_lane_f32(vfmaq_lane_f32(sum, w.even, x.even, 0), w.odd, x.odd, 0);
}

// The instruction multiplies signed by signed: the activations' bytes go in less 128, which flips their highest bit.
inline constexpr float kByteOffset = 128.0F;
static inline int8x16_t load_operand(const std::int8_t* p) { return vld1q_s8(p); }
static inline int8x8_t broadcast_operand(const std::uint8_t* p) {
  return vreinterpret_s8_u8(veor_u8(vreinterpret_u8_f32(load_word(p)), vdup_n_u8(0x80)));
}
static inline IntVec dot(int8x8_t x, int8x16_t w, IntVec sum) { return vdotq_lane_s32(sum, w, x, 0); }

}  // namespace mobileclip::kernels::neondotprod

#include "engine/kernels/kernel_templates.h"

namespace mobileclip::kernels {
const Kernels& neondotprod_kernels() {
  static constexpr Kernels table = neondotprod::make_table("neondotprod");
  return table;
}
}  // namespace mobileclip::kernels
