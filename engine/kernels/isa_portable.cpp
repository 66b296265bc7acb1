// The path for every other CPU, on Eigen's packet math: SSE2 on x86-64, NEON on arm64, whatever Eigen knows elsewhere.
// Compiled with the project's base flags only, so that including Eigen here is safe.
#include <Eigen/Core>

#include "engine/kernels/isa_tables.h"

#define MOBILECLIP_ISA portable
namespace mobileclip::kernels::portable {

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

/// Two neighbouring k of kLanes outputs as float32: a bfloat16 is the upper half of one.
struct Bf16Pair {
  Vec even;
  Vec odd;
};

static inline float widen(Bf16 v) { return __builtin_bit_cast(float, static_cast<std::uint32_t>(v) << 16); }

static inline Bf16Pair load_operand(const Bf16* p) {
  float even[kLanes];
  float odd[kLanes];
  for (int i = 0; i < kLanes; ++i) {
    even[i] = widen(p[2 * i]);
    odd[i] = widen(p[2 * i + 1]);
  }
  return {load(even), load(odd)};
}
static inline Bf16Pair broadcast_operand(const Bf16* p) { return {set1(widen(p[0])), set1(widen(p[1]))}; }
static inline Vec dot(const Bf16Pair& x, const Bf16Pair& w, Vec sum) {
  return fma(x.odd, w.odd, fma(x.even, w.even, sum));
}

}  // namespace mobileclip::kernels::portable

#include "engine/kernels/kernel_templates.h"

namespace mobileclip::kernels {
const Kernels& portable_kernels() {
  static constexpr Kernels table = portable::make_table("portable");
  return table;
}
}  // namespace mobileclip::kernels
