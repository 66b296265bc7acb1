// Deterministic synthetic weights: every value follows from (seed, tensor name, element index). The recipe is
// tests/reference/synthetic.py's, bit for bit.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "engine/tensor/shape.h"

namespace mobileclip {

/// Fills `out`, element_count(shape) values, row-major. `name` is the checkpoint's without its tower's prefix
/// ("visual.", "text.").
void fill_synthetic(std::string_view name, const Shape& shape, std::uint64_t seed, std::span<float> out);

}  // namespace mobileclip
