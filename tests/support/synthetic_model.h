// Synthetic towers in memory, and the inputs of the goldens (tests/reference/make_goldens.py).
#pragma once

#include <cstdint>
#include <vector>

#include "engine/models/model_directory.h"
#include "engine/models/tensor_table.h"

namespace mobileclip::testing {

/// Every tensor of `table` by the recipe of engine/weights/synthetic.h.
TowerWeights synthetic_tower(const TensorTable& table, std::uint64_t seed);

/// make_goldens.py::pattern_image: [size, size, 3]
std::vector<std::uint8_t> pattern_image(int k, int size);

/// ‖a - b‖ / ‖b‖, in double.
double relative_error(std::span<const float> a, std::span<const double> b);

}  // namespace mobileclip::testing
