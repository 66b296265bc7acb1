// The AMX products on any CPU: amx_gemm_template.h over tiles emulated in plain loops.
#pragma once

#include "engine/kernels/kernels.h"

namespace mobileclip::testing {

/// Named "amx_emulated".
const kernels::Kernels& emulated_amx();

}  // namespace mobileclip::testing
