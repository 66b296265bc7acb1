#include "engine/preprocess/resample_kernels.h"

namespace mobileclip {

const ResampleKernels& resample_kernels() {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  if (has_avx2) return kAvx2ResampleKernels;
#endif
  return kPortableResampleKernels;
}

}  // namespace mobileclip
