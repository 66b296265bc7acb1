// Compiled with AVX-512 flags: includes nothing but intrinsics and our own templates, which live in a namespace of
// this instruction set alone, so that no symbol compiled here can be linked into code for a lesser CPU.
#include <immintrin.h>

#include "engine/kernels/isa_tables.h"

#define MOBILECLIP_ISA avx512
#include "engine/kernels/simd_avx512.h"

// These use the above.
#include "engine/kernels/dot_avx512_widened_bf16.h"

namespace mobileclip::kernels::avx512 {

/// 4 bytes a lane as 16-bit numbers: products of two neighbours summed by vpmaddwd are exact, where vpmaddubsw
/// saturates.
struct WidenedBytes {
  __m512i even;
  __m512i odd;
};

inline constexpr float kByteOffset = 0.0F;
static inline WidenedBytes load_operand(const std::int8_t* p) {
  const __m512i bytes = _mm512_loadu_si512(p);
  return {_mm512_srai_epi16(_mm512_slli_epi16(bytes, 8), 8), _mm512_srai_epi16(bytes, 8)};
}
static inline WidenedBytes broadcast_operand(const std::uint8_t* p) {
  const __m512i bytes = broadcast_bytes(p);
  return {_mm512_and_si512(bytes, _mm512_set1_epi16(0x00FF)), _mm512_srli_epi16(bytes, 8)};
}
static inline IntVec dot(WidenedBytes x, WidenedBytes w, IntVec sum) {
  return _mm512_add_epi32(_mm512_add_epi32(sum, _mm512_madd_epi16(x.even, w.even)),
                          _mm512_madd_epi16(x.odd, w.odd));
}

}  // namespace mobileclip::kernels::avx512

#include "engine/kernels/kernel_templates.h"

namespace mobileclip::kernels {
const Kernels& avx512_kernels() {
  static constexpr Kernels table = avx512::make_table("avx512");
  return table;
}
}  // namespace mobileclip::kernels
