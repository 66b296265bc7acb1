// LayerNorm of a table's rows at load, in double: tables are normed once, not once a pass.
#pragma once

#include <span>

namespace mobileclip {

/// In place over row-major rows as long as `weight`; as LayerNorm (nn/layer_norm.h).
void normalize_rows(std::span<float> rows, std::span<const float> weight, std::span<const float> bias, float eps);

}  // namespace mobileclip
