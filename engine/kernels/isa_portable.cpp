// The path for every other CPU, on Eigen's packet math: SSE2 on x86-64, NEON on arm64, whatever Eigen knows elsewhere.
// Compiled with the project's base flags only, so that including Eigen here is safe.
#include <Eigen/Core>

#include "engine/kernels/isa_tables.h"

#define MOBILECLIP_ISA portable
#include "engine/kernels/simd_portable.h"

// These use the above.
#include "engine/kernels/kernel_templates.h"

namespace mobileclip::kernels {
const Kernels& portable_kernels() {
  static constexpr Kernels table = portable::make_table("portable");
  return table;
}
}  // namespace mobileclip::kernels
