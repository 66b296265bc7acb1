// The tables, one a translation unit. Only dispatch.cpp may call these: the CPU must have been asked first.
#pragma once

#include "engine/kernels/kernels.h"

namespace mobileclip::kernels {

#ifdef __x86_64__
const Kernels& amx_kernels();
const Kernels& avx512bf16_kernels();
const Kernels& avx512vnni_kernels();
const Kernels& avx512_kernels();
const Kernels& avx2_kernels();
#endif
#ifdef __aarch64__
const Kernels& neonbf16_kernels();
const Kernels& neondotprod_kernels();
#endif
const Kernels& portable_kernels();

}  // namespace mobileclip::kernels
