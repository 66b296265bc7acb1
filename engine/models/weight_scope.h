// Reading a tower's weights by names that mirror the checkpoint's: scope / "stages.0" / "blocks.1".
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/models/tower_weights.h"

namespace mobileclip {

/// Borrows the weights. Their completeness and shapes were checked at load (model_directory.h).
class WeightScope {
 public:
  WeightScope(const TowerWeights& weights, std::string prefix) : weights_(&weights), prefix_(std::move(prefix)) {}

  [[nodiscard]] WeightScope operator/(std::string_view name) const { return {*weights_, full(name)}; }
  [[nodiscard]] WeightScope operator/(int index) const { return *this / std::to_string(index); }

  [[nodiscard]] bool has(std::string_view leaf) const { return weights_->contains(full(leaf)); }
  [[nodiscard]] const FloatTensor& tensor(std::string_view leaf) const { return weights_->at(full(leaf)); }
  [[nodiscard]] std::span<const float> operator()(std::string_view leaf) const { return tensor(leaf).values; }
  /// nullptr where it is not quantised. tensor() is a restored copy where it is (tower_weights.h).
  [[nodiscard]] const AffineMatrix* quantized(std::string_view leaf) const { return weights_->quantized(full(leaf)); }

 private:
  [[nodiscard]] std::string full(std::string_view name) const {
    return prefix_.empty() ? std::string(name) : prefix_ + "." + std::string(name);
  }

  const TowerWeights* weights_;
  std::string prefix_;
};

}  // namespace mobileclip
