// AVX-512 with AMX tiles for the products (Sapphire Rapids and later); see isa_avx512.cpp for why it includes so little.
#include <immintrin.h>

#include "engine/kernels/isa_tables.h"

#define MOBILECLIP_ISA amx
#include "engine/kernels/simd_avx512.h"

// These use the above.
#include "engine/kernels/dot_avx512bf16.h"
#include "engine/kernels/dot_avx512vnni.h"
#include "engine/kernels/kernel_templates.h"

namespace mobileclip::kernels::amx {

/// Intel SDM, LDTILECFG: palette 1, eight tiles of 16 rows of 64 bytes. Static, since GCC 12's _tile_loadconfig tells
/// the compiler that it reads 8 bytes only.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t bytes_a_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64);
static constexpr TileConfig kTileConfig;

/// The eight tile registers of the calling thread for the length of one product: sums in 0 to 3, a in 4 and 5, b in 6
/// and 7. The intrinsics want literal numbers. amx_gemm_template.h says what each function means.
class Tiles {
 public:
  Tiles() { _tile_loadconfig(&kTileConfig); }
  ~Tiles() { _tile_release(); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

  template <int I, int J>
  void clear() {
    if constexpr (2 * I + J == 0) _tile_zero(0);
    if constexpr (2 * I + J == 1) _tile_zero(1);
    if constexpr (2 * I + J == 2) _tile_zero(2);
    if constexpr (2 * I + J == 3) _tile_zero(3);
  }
  template <int I>
  void load_a(const void* p) {
    if constexpr (I == 0) _tile_loadd(4, p, 64);
    if constexpr (I == 1) _tile_loadd(5, p, 64);
  }
  template <int J>
  void load_b(const void* p) {
    if constexpr (J == 0) _tile_loadd(6, p, 64);
    if constexpr (J == 1) _tile_loadd(7, p, 64);
  }
  template <typename A, int I, int J>
  void dot() {
    if constexpr (sizeof(A) == sizeof(Bf16)) {
      if constexpr (2 * I + J == 0) _tile_dpbf16ps(0, 4, 6);
      if constexpr (2 * I + J == 1) _tile_dpbf16ps(1, 4, 7);
      if constexpr (2 * I + J == 2) _tile_dpbf16ps(2, 5, 6);
      if constexpr (2 * I + J == 3) _tile_dpbf16ps(3, 5, 7);
    } else {
      if constexpr (2 * I + J == 0) _tile_dpbusd(0, 4, 6);
      if constexpr (2 * I + J == 1) _tile_dpbusd(1, 4, 7);
      if constexpr (2 * I + J == 2) _tile_dpbusd(2, 5, 6);
      if constexpr (2 * I + J == 3) _tile_dpbusd(3, 5, 7);
    }
  }
  template <int I, int J>
  void store(void* p) {
    if constexpr (2 * I + J == 0) _tile_stored(0, p, 64);
    if constexpr (2 * I + J == 1) _tile_stored(1, p, 64);
    if constexpr (2 * I + J == 2) _tile_stored(2, p, 64);
    if constexpr (2 * I + J == 3) _tile_stored(3, p, 64);
  }
};

static inline Vec load_sums(const float* p) { return load(p); }
static inline IntVec load_sums(const std::int32_t* p) { return _mm512_loadu_si512(p); }

}  // namespace mobileclip::kernels::amx

#include "engine/kernels/amx_gemm_template.h"

namespace mobileclip::kernels {
const Kernels& amx_kernels() {
  static constexpr Kernels table = amx::make_amx_table("amx");
  return table;
}
}  // namespace mobileclip::kernels
