// NEON with the dot products of bfloat16 and of unsigned by signed bytes (Armv8.6: Neoverse V1 and N2, Apple M2 and
// later); see isa_avx512.cpp for why it includes so little.
#include <arm_neon.h>

#include "engine/kernels/isa_tables.h"

#define MOBILECLIP_ISA neonbf16
#include "engine/kernels/simd_neon.h"

namespace mobileclip::kernels::neonbf16 {

static inline bfloat16x8_t load_operand(const Bf16* p) { return vreinterpretq_bf16_u16(vld1q_u16(p)); }
static inline bfloat16x4_t broadcast_operand(const Bf16* p) { return vreinterpret_bf16_f32(load_word(p)); }
static inline Vec dot(bfloat16x4_t x, bfloat16x8_t w, Vec sum) { return vbfdotq_lane_f32(sum, w, x, 0); }

inline constexpr float kByteOffset = 0.0F;
static inline int8x16_t load_operand(const std::int8_t* p) { return vld1q_s8(p); }
static inline uint8x8_t broadcast_operand(const std::uint8_t* p) { return vreinterpret_u8_f32(load_word(p)); }
static inline IntVec dot(uint8x8_t x, int8x16_t w, IntVec sum) { return vsudotq_lane_s32(sum, w, x, 0); }

}  // namespace mobileclip::kernels::neonbf16

#include "engine/kernels/kernel_templates.h"

namespace mobileclip::kernels {
const Kernels& neonbf16_kernels() {
  static constexpr Kernels table = neonbf16::make_table("neonbf16", true);
  return table;
}
}  // namespace mobileclip::kernels
