#include "bench/kernels/machine_peak.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <vector>

#include "engine/kernels/amx_permission.h"
#include "engine/kernels/dispatch.h"

namespace mobileclip::bench {
namespace {

/// Calls of `work` a second: the best of a few runs of about half a millisecond.
template <typename Work>
double best_rate(const Work& work) {
  using Clock = std::chrono::steady_clock;
  constexpr int kRuns = 4;
  double best = 0;
  for (int run = 0; run < kRuns; ++run) {
    const Clock::time_point begun = Clock::now();
    std::size_t calls = 0;
    std::chrono::duration<double> elapsed{0};
    for (; elapsed.count() < 0.5e-3; elapsed = Clock::now() - begun, ++calls) work();
    best = std::max(best, static_cast<double>(calls) / elapsed.count());
  }
  return best;
}

constexpr int kSteps = 1000;  ///< rounds of the loops below

#if defined(__x86_64__)
// Twelve sums, of which none waits for another: more than latency times ports of any CPU so far. Assembly, because it
// needs no compiler flags, which would put instructions into functions that other files share.
#define MOBILECLIP_TWELVE(op, r)                                                                                    \
  op " %%" r "12,%%" r "13,%%" r "0\n" op " %%" r "12,%%" r "13,%%" r "1\n" op " %%" r "12,%%" r "13,%%" r "2\n" op \
     " %%" r "12,%%" r "13,%%" r "3\n" op " %%" r "12,%%" r "13,%%" r "4\n" op " %%" r "12,%%" r "13,%%" r "5\n" op \
     " %%" r "12,%%" r "13,%%" r "6\n" op " %%" r "12,%%" r "13,%%" r "7\n" op " %%" r "12,%%" r "13,%%" r "8\n" op \
     " %%" r "12,%%" r "13,%%" r "9\n" op " %%" r "12,%%" r "13,%%" r "10\n" op " %%" r "12,%%" r "13,%%" r "11\n"
#define MOBILECLIP_PEAK_LOOP(name, op, r)                                                                         \
  void name() {                                                                                                   \
    int steps = kSteps;                                                                                           \
    asm volatile("vzeroall\n1:\n" MOBILECLIP_TWELVE(op, r) "dec %0\njnz 1b\nvzeroupper\n"                         \
                 : "+r"(steps)                                                                                    \
                 :                                                                                                \
                 : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
                   "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");                                                  \
  }
MOBILECLIP_PEAK_LOOP(multiply_add_256, "vfmadd231ps", "ymm")
MOBILECLIP_PEAK_LOOP(multiply_add_512, "vfmadd231ps", "zmm")
MOBILECLIP_PEAK_LOOP(dot_bfloat16_512, "vdpbf16ps", "zmm")
MOBILECLIP_PEAK_LOOP(dot_bytes_512, "vpdpbusd", "zmm")
#undef MOBILECLIP_PEAK_LOOP

/// Palette 1, eight tiles of 16 rows of 64 bytes (Intel SDM, LDTILECFG).
struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t unused[15] = {};
  std::uint16_t bytes_a_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
constexpr TileConfig kTileConfig;
constexpr int kTileSums = 4;
#define MOBILECLIP_TILE_LOOP(name, op)                                                                               \
  void name() {                                                                                                      \
    int steps = kSteps;                                                                                              \
    asm volatile("ldtilecfg %1\n1:\n" op " %%tmm6,%%tmm4,%%tmm0\n" op " %%tmm7,%%tmm4,%%tmm1\n" op                  \
                 " %%tmm6,%%tmm5,%%tmm2\n" op " %%tmm7,%%tmm5,%%tmm3\ndec %0\njnz 1b\ntilerelease\n"                  \
                 : "+r"(steps)                                                                                       \
                 : "m"(kTileConfig)                                                                                  \
                 : "cc");                                                                                            \
  }
MOBILECLIP_TILE_LOOP(dot_tiles_bfloat16, "tdpbf16ps")
MOBILECLIP_TILE_LOOP(dot_tiles_bytes, "tdpbusd")
#undef MOBILECLIP_TILE_LOOP
#undef MOBILECLIP_TWELVE
#elif defined(__aarch64__)
// Four pipes by a latency of four, and more. Assembly for the same reason as above; .arch is for the assembler alone.
constexpr int kNeonSums = 24;
#define MOBILECLIP_PEAK_LOOP(name, op, operand)                                                                       \
  void name() {                                                                                                       \
    int steps = kSteps;                                                                                               \
    asm volatile(                                                                                                     \
        ".arch armv8.2-a+dotprod+bf16\n"                                                                              \
        ".irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,30,31\n"                                \
        "movi v\\i\\().4s, #0\n.endr\n1:\n"                                                                           \
        ".irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23\n" op " v\\i\\().4s, v30." operand      \
        ", v31." operand "\n.endr\nsubs %w0, %w0, #1\nb.ne 1b\n"                                                      \
        : "+r"(steps)                                                                                                 \
        :                                                                                                             \
        : "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", \
          "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v30", "v31");                                      \
  }
MOBILECLIP_PEAK_LOOP(multiply_add_neon, "fmla", "4s")
MOBILECLIP_PEAK_LOOP(dot_bfloat16_neon, "bfdot", "8h")
MOBILECLIP_PEAK_LOOP(dot_bytes_neon, "sdot", "16b")
#undef MOBILECLIP_PEAK_LOOP
#endif

constexpr int kSums = 12;

/// For CPUs without a loop of their own: what the compiler makes of it.
[[maybe_unused]] void multiply_add_plain() {
  constexpr int kLanes = 4;
  const volatile float one = 1.0F;
  const float factor = one;
  float sums[kSums * kLanes] = {};
  for (int step = 0; step < kSteps; ++step) {
    for (float& sum : sums) sum = sum * factor + factor;
  }
  asm volatile("" : : "r"(sums) : "memory");
}

double operations(double calls_a_second, int operations_an_instruction, int sums = kSums) {
  return calls_a_second * kSteps * sums * operations_an_instruction;
}

}  // namespace

double peak_float32() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return operations(best_rate(multiply_add_512), 32);
  if (__builtin_cpu_supports("fma")) return operations(best_rate(multiply_add_256), 16);
#elif defined(__aarch64__)
  return operations(best_rate(multiply_add_neon), 8, kNeonSums);
#endif
  return operations(best_rate(multiply_add_plain), 8);
}

double peak_bfloat16() {
#if defined(__x86_64__)
  if (kernels::request_amx()) return operations(best_rate(dot_tiles_bfloat16), 2 * 16 * 16 * 32, kTileSums);
  if (__builtin_cpu_supports("avx512bf16")) return operations(best_rate(dot_bfloat16_512), 64);
#elif defined(__aarch64__)
  if (kernels::find("neonbf16")) return operations(best_rate(dot_bfloat16_neon), 16, kNeonSums);
#endif
  return peak_float32();
}

double peak_int8() {
#if defined(__x86_64__)
  if (kernels::request_amx()) return operations(best_rate(dot_tiles_bytes), 2 * 16 * 16 * 64, kTileSums);
  if (__builtin_cpu_supports("avx512vnni")) return operations(best_rate(dot_bytes_512), 128);
#elif defined(__aarch64__)
  if (kernels::find("neondotprod")) return operations(best_rate(dot_bytes_neon), 32, kNeonSums);
#endif
  return peak_float32();
}

double peak_copy(std::size_t bytes) {
  const std::vector<char> from(bytes, 1);
  std::vector<char> to(bytes);
  const double rate = best_rate([&] {
    std::memcpy(to.data(), from.data(), bytes);
    asm volatile("" : : "r"(to.data()) : "memory");
  });
  return 2 * rate * static_cast<double>(bytes);
}

}  // namespace mobileclip::bench
