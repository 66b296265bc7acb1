// Vec and its operations on Eigen's packet math, for the including file's namespace MOBILECLIP_ISA, which has included
// Eigen/Core. No include guard on purpose: see kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

namespace ei = Eigen::internal;
using Vec = ei::packet_traits<float>::type;
inline constexpr int kLanes = ei::packet_traits<float>::size;
// Accumulators fill half the registers there are (16 on x86-64, 32 on arm64), weights and broadcasts the rest.
inline constexpr int kGemmRows = 2 * kLanes * EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS / 64;
inline constexpr int kGemmBlocks = 1;
inline constexpr int kDepthwisePixels = kGemmRows;

static inline Vec load(const float* p) { return ei::ploadu<Vec>(p); }
static inline void store(float* p, Vec v) { ei::pstoreu(p, v); }
static inline Vec set1(float v) { return ei::pset1<Vec>(v); }
static inline Vec add(Vec a, Vec b) { return ei::padd(a, b); }
static inline Vec sub(Vec a, Vec b) { return ei::psub(a, b); }
static inline Vec mul(Vec a, Vec b) { return ei::pmul(a, b); }
static inline Vec div(Vec a, Vec b) { return ei::pdiv(a, b); }
static inline Vec fma(Vec a, Vec b, Vec c) { return ei::pmadd(a, b, c); }
static inline Vec min(Vec a, Vec b) { return ei::pmin(a, b); }
static inline Vec max(Vec a, Vec b) { return ei::pmax(a, b); }
static inline Vec round(Vec a) { return ei::print(a); }
/// a < b ? yes : no, lane by lane
static inline Vec select_less(Vec a, Vec b, Vec yes, Vec no) { return ei::pselect(ei::pcmp_lt(a, b), yes, no); }
static inline Vec ldexp(Vec a, Vec n) { return ei::pldexp(a, n); }

// Whole numbers and bits, as vectors of the compiler's own: arrays of them leave the registers.
using IntVec = std::int32_t __attribute__((vector_size(kLanes * sizeof(std::int32_t))));
using FloatVec = float __attribute__((vector_size(kLanes * sizeof(float))));
using ByteVec = std::uint8_t __attribute__((vector_size(kLanes)));

/// Two neighbouring k of kLanes outputs as float32: a bfloat16 is the upper half of one.
struct Bf16Pair {
  Vec even;
  Vec odd;
};

static inline Bf16Pair split(IntVec pairs) {
  return {__builtin_bit_cast(Vec, pairs << 16),
          __builtin_bit_cast(Vec, pairs & static_cast<std::int32_t>(0xFFFF0000U))};
}
static inline Bf16Pair load_operand(const Bf16* p) {
  IntVec pairs;
  __builtin_memcpy(&pairs, p, sizeof(pairs));
  return split(pairs);
}
static inline Bf16Pair broadcast_operand(const Bf16* p) {
  std::int32_t pair;
  __builtin_memcpy(&pair, p, sizeof(pair));
  return split(IntVec{} + pair);
}
static inline Vec dot(const Bf16Pair& x, const Bf16Pair& w, Vec sum) {
  return fma(x.odd, w.odd, fma(x.even, w.even, sum));
}

static inline IntVec int_zero() { return IntVec{}; }
static inline Vec to_float(IntVec a) { return __builtin_bit_cast(Vec, __builtin_convertvector(a, FloatVec)); }
/// kLanes bytes as whole numbers, and their halves of 4 bits.
static inline IntVec load_bytes(const std::uint8_t* p) {
  ByteVec bytes;
  __builtin_memcpy(&bytes, p, sizeof(bytes));
  return __builtin_convertvector(bytes, IntVec);
}
static inline IntVec low_nibbles(IntVec a) { return a & 15; }
static inline IntVec high_nibbles(IntVec a) { return a >> 4; }
/// kLanes floats, rounded and held to [0, 255]
static inline void store_bytes(std::uint8_t* p, Vec v) {
  const auto whole = __builtin_bit_cast(FloatVec, round(min(max(v, set1(0.0F)), set1(255.0F))));
  const ByteVec bytes = __builtin_convertvector(__builtin_convertvector(whole, IntVec), ByteVec);
  __builtin_memcpy(p, &bytes, sizeof(bytes));
}

/// 4 neighbouring k of kLanes outputs.
struct ByteQuads {
  IntVec k[4];
};
inline constexpr float kByteOffset = 0.0F;
static inline ByteQuads load_operand(const std::int8_t* p) {
  IntVec quads;  // one a lane, the first k in its lowest byte
  __builtin_memcpy(&quads, p, sizeof(quads));
  return {{quads << 24 >> 24, quads << 16 >> 24, quads << 8 >> 24, quads >> 24}};
}
static inline const std::uint8_t* broadcast_operand(const std::uint8_t* p) { return p; }
static inline IntVec dot(const std::uint8_t* x, const ByteQuads& w, IntVec sum) {
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) sum += w.k[j] * std::int32_t{x[j]};
  return sum;
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA

#include "engine/kernels/gelu_rational.h"
