// Which instruction sets this CPU has kernels for, best first, and the choice among them.
#pragma once

#include <span>
#include <string_view>

#include "engine/kernels/kernels.h"

namespace mobileclip::kernels {

/// Every table that this CPU can run, best first; "portable" is always the last.
std::span<const Kernels* const> available();

/// "auto" gives the best; otherwise the table of that name, or nullptr where this CPU (or build) lacks it.
const Kernels* find(std::string_view isa);

}  // namespace mobileclip::kernels
