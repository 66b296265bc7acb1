#include "engine/models/tower_weights.h"

#include <stdexcept>

namespace mobileclip {

bool TowerWeights::contains(std::string_view name) const { return floats_.contains(name) || quantized_.contains(name); }

const FloatTensor& TowerWeights::at(std::string_view name) const {
  if (const auto found = floats_.find(name); found != floats_.end()) return found->second;
  if (const auto found = restored_.find(name); found != restored_.end()) return found->second;
  const AffineMatrix* const matrix = quantized(name);
  if (!matrix) throw std::out_of_range("no tensor " + std::string(name));
  return restored_.emplace(name, owned_tensor({matrix->rows, matrix->columns}, dequantize(*matrix))).first->second;
}

const AffineMatrix* TowerWeights::quantized(std::string_view name) const {
  const auto found = quantized_.find(name);
  return found == quantized_.end() ? nullptr : &found->second;
}

}  // namespace mobileclip
