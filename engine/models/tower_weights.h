// A tower's tensors by the names of its table (tensor_table.h): float32, but for matrices that stay quantised.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "engine/weights/affine_quantization.h"
#include "engine/weights/tensor_store.h"

namespace mobileclip {

/// Movable. Reading from several threads is not safe: at() restores.
class TowerWeights {
 public:
  using Floats = std::map<std::string, FloatTensor, std::less<>>;
  using Quantized = std::map<std::string, AffineMatrix, std::less<>>;

  void emplace(std::string name, FloatTensor tensor) { floats_.emplace(std::move(name), std::move(tensor)); }
  void emplace(std::string name, AffineMatrix matrix) { quantized_.emplace(std::move(name), std::move(matrix)); }

  [[nodiscard]] bool contains(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return floats_.size() + quantized_.size(); }

  /// A tensor's values; of a quantised one, for who cannot use it as it is, a restored copy that is kept from then on.
  /// Throws std::out_of_range where there is none of that name.
  [[nodiscard]] const FloatTensor& at(std::string_view name) const;
  [[nodiscard]] FloatTensor& at(std::string_view name) {
    return const_cast<FloatTensor&>(std::as_const(*this).at(name));
  }
  /// nullptr where there is no quantised tensor of that name.
  [[nodiscard]] const AffineMatrix* quantized(std::string_view name) const;

  /// By name: what is not quantised, and what is.
  [[nodiscard]] const Floats& floats() const { return floats_; }
  [[nodiscard]] const Quantized& quantized() const { return quantized_; }

 private:
  Floats floats_;
  Quantized quantized_;
  mutable Floats restored_;
};

}  // namespace mobileclip
