// Tensor extents, outermost first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mobileclip {

using Shape = std::vector<std::int64_t>;

/// Product of the extents; 1 for a scalar. The extents are known to be sane (readers check them).
std::int64_t element_count(const Shape& shape);

/// "[64, 3, 3, 3]"
std::string to_string(const Shape& shape);

}  // namespace mobileclip
