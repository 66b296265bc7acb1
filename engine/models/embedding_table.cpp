#include "engine/models/embedding_table.h"

#include <algorithm>
#include <cassert>

namespace mobileclip {

EmbeddingTable::EmbeddingTable(const WeightScope& scope, std::string_view leaf) {
  if (const AffineMatrix* const matrix = scope.quantized(leaf)) {
    rows_ = static_cast<std::size_t>(matrix->rows);
    width_ = static_cast<std::size_t>(matrix->columns);
    quantized_ = *matrix;
    return;
  }
  const FloatTensor& tensor = scope.tensor(leaf);
  rows_ = static_cast<std::size_t>(tensor.shape[0]);
  width_ = tensor.values.size() / rows_;
  floats_ = AlignedBuffer(tensor.values.size());
  std::ranges::copy(tensor.values, floats_.data());
}

void EmbeddingTable::read(std::size_t index, std::size_t begin, std::span<float> out) const {
  assert(index < rows_ && begin + out.size() <= width_);
  if (quantized_) {
    dequantize_row(*quantized_, static_cast<std::int64_t>(index), out, begin);
  } else {
    std::copy_n(floats_.data() + index * width_ + begin, out.size(), out.data());
  }
}

}  // namespace mobileclip
