#include "tests/support/amx_emulation.h"

#include <Eigen/Core>
#include <cstring>

#define MOBILECLIP_ISA amx_emulated
#include "engine/kernels/simd_portable.h"

// These use the above.
#include "engine/kernels/kernel_templates.h"

namespace mobileclip::kernels::amx_emulated {

static float widen(Bf16 v) { return __builtin_bit_cast(float, static_cast<std::uint32_t>(v) << 16); }

/// What amx_gemm_template.h asks of the tile registers, by the Intel SDM's pseudo-code of TILELOADD, TDPBF16PS, TDPBUSD
/// and TILESTORED.
class Tiles {
 public:
  Tiles() { std::memset(this, 0xA5, sizeof(*this)); }  // what was never loaded must not count

  template <int I, int J>
  void clear() {
    std::memset(sums_[2 * I + J], 0, kBytes);
  }
  template <int I>
  void load_a(const void* p) {
    std::memcpy(a_[I], p, kBytes);
  }
  template <int J>
  void load_b(const void* p) {
    std::memcpy(b_[J], p, kBytes);
  }
  template <typename A, int I, int J>
  void dot() {
    if constexpr (sizeof(A) == sizeof(Bf16)) {
      multiply_bf16(a_[I], b_[J], sums_[2 * I + J]);
    } else {
      multiply_bytes(a_[I], b_[J], sums_[2 * I + J]);
    }
  }
  template <int I, int J>
  void store(void* p) {
    std::memcpy(p, sums_[2 * I + J], kBytes);
  }

 private:
  static constexpr std::size_t kBytes = 1024;

  /// The even and the odd products are summed apart and then added to the sums.
  static void multiply_bf16(const unsigned char* a, const unsigned char* b, unsigned char* sums) {
    Bf16 x[16][32];
    Bf16 w[16][32];
    float c[16][16];
    std::memcpy(x, a, kBytes);
    std::memcpy(w, b, kBytes);
    std::memcpy(c, sums, kBytes);
    for (int m = 0; m < 16; ++m) {
      float even[16] = {};
      float odd[16] = {};
      for (int k = 0; k < 16; ++k) {
        for (int n = 0; n < 16; ++n) {
          even[n] += widen(x[m][2 * k]) * widen(w[k][2 * n]);
          odd[n] += widen(x[m][2 * k + 1]) * widen(w[k][2 * n + 1]);
        }
      }
      for (int n = 0; n < 16; ++n) c[m][n] += even[n] + odd[n];
    }
    std::memcpy(sums, c, kBytes);
  }

  static void multiply_bytes(const unsigned char* a, const unsigned char* b, unsigned char* sums) {
    std::uint8_t x[16][64];
    std::int8_t w[16][64];
    std::int32_t c[16][16];
    std::memcpy(x, a, kBytes);
    std::memcpy(w, b, kBytes);
    std::memcpy(c, sums, kBytes);
    for (int m = 0; m < 16; ++m) {
      for (int k = 0; k < 16; ++k) {
        for (int n = 0; n < 16; ++n) {
          for (int i = 0; i < 4; ++i) c[m][n] += std::int32_t{x[m][4 * k + i]} * w[k][4 * n + i];
        }
      }
    }
    std::memcpy(sums, c, kBytes);
  }

  unsigned char a_[2][kBytes];
  unsigned char b_[2][kBytes];
  unsigned char sums_[4][kBytes];
};

static inline Vec load_sums(const float* p) { return load(p); }
static inline IntVec load_sums(const std::int32_t* p) {
  IntVec sums;
  std::memcpy(&sums, p, sizeof(sums));
  return sums;
}

}  // namespace mobileclip::kernels::amx_emulated

#include "engine/kernels/amx_gemm_template.h"

namespace mobileclip::testing {

const kernels::Kernels& emulated_amx() {
  static constexpr kernels::Kernels table = kernels::amx_emulated::make_amx_table("amx_emulated");
  return table;
}

}  // namespace mobileclip::testing
