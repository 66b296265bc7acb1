#include "engine/models/encoders/row_norm.h"

#include <cmath>
#include <cstddef>

namespace mobileclip {

void normalize_rows(std::span<float> rows, std::span<const float> weight, std::span<const float> bias, float eps) {
  const std::size_t width = weight.size();
  const auto n = static_cast<double>(width);
  for (std::size_t begin = 0; begin < rows.size(); begin += width) {
    const std::span<float> row = rows.subspan(begin, width);
    double mean = 0;
    for (const float v : row) mean += v / n;
    double variance = 0;
    for (const float v : row) variance += (v - mean) * (v - mean) / n;
    const double scale = 1 / std::sqrt(variance + double{eps});
    for (std::size_t c = 0; c < width; ++c) {
      row[c] = static_cast<float>((row[c] - mean) * scale * double{weight[c]} + double{bias[c]});
    }
  }
}

}  // namespace mobileclip
