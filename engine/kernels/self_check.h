// A first product of every kind on the CPU at hand, so that instructions that it announces and does not do right (an
// emulator, a hypervisor that saves too little) are found at start-up and not in somebody's search results.
#pragma once

#include "engine/kernels/kernels.h"

namespace mobileclip::kernels {

/// Whether the products of `table` are those of `reference`, but for rounding. Takes some microseconds.
bool agrees(const Kernels& table, const Kernels& reference);

}  // namespace mobileclip::kernels
