// Rows looked up by their number: token and position embeddings.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "engine/models/weight_scope.h"
#include "engine/tensor/aligned_buffer.h"
#include "engine/weights/affine_quantization.h"

namespace mobileclip {

/// Immutable; rows may be looked up from any number of threads.
class EmbeddingTable {
 public:
  /// Copies the scope's tensor `leaf`, [rows, width]; as it is where it is quantised.
  EmbeddingTable(const WeightScope& scope, std::string_view leaf);

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t width() const { return width_; }
  /// Of row `index`, out.size() values from column `begin` on, both multiples of 16 unless that is all of them.
  void read(std::size_t index, std::size_t begin, std::span<float> out) const;

 private:
  std::size_t rows_;
  std::size_t width_;
  AlignedBuffer floats_;
  std::optional<AffineMatrix> quantized_;  // instead of floats_
};

}  // namespace mobileclip
