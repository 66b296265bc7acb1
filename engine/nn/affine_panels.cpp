#include "engine/nn/affine_panels.h"

#include <algorithm>
#include <cassert>

#include "engine/tensor/blocked.h"

namespace mobileclip {
namespace {

using kernels::kBlock;

std::size_t size(int value) { return static_cast<std::size_t>(value); }

/// [rows, columns] → [rows/16][columns][16]
AlignedBuffer transposed_panels(std::size_t columns, std::span<const float> values) {
  AlignedBuffer panels(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t row = i / columns;
    panels.data()[(row / kBlock * columns + i % columns) * kBlock + row % kBlock] = values[i];
  }
  return panels;
}

}  // namespace

AffinePanels::AffinePanels(int out, int in, const AffineWeight& weight)
    : k_(size(in)),
      group_size_(size(weight.group_size)),
      bits_(weight.bits),
      q_(size(out) * size(in) * size(weight.bits) / 32),
      scales_(transposed_panels(size(in) / group_size_, weight.scales)),
      biases_(transposed_panels(size(in) / group_size_, weight.biases)) {
  assert(out % kChannelBlock == 0 && k_ % group_size_ == 0 && group_size_ % kernels::kAffineDepth == 0);
  assert(weight.words.size() == q_.size() && weight.scales.size() == size(out) * (k_ / group_size_) &&
         weight.biases.size() == weight.scales.size());
  const std::size_t per_word = size(32 / bits_);
  const std::uint32_t mask = (1U << bits_) - 1;
  auto* const bytes = reinterpret_cast<std::uint8_t*>(q_.data());
  const std::uint32_t* word = weight.words.data();
  for (std::size_t n = 0; n < size(out); ++n) {
    std::uint8_t* const panel = bytes + n / kBlock * kBlock * k_ * size(bits_) / 8 + n % kBlock;
    for (std::size_t k = 0; k < k_; k += per_word, ++word) {
      for (std::size_t i = 0; i < per_word; ++i) {
        const std::uint32_t q = *word >> (i * size(bits_)) & mask;
        if (bits_ == 8) {
          panel[(k + i) * kBlock] = static_cast<std::uint8_t>(q);
        } else {
          std::uint8_t& two = panel[(k + i) / 2 * kBlock];
          two = static_cast<std::uint8_t>(i % 2 == 0 ? q : two | q << 4);
        }
      }
    }
  }
}

kernels::AffinePanel AffinePanels::panel(int block) const {
  const std::size_t at = size(block) * kBlock;
  const std::size_t scales = at * (k_ / group_size_);
  return {.q = reinterpret_cast<const std::uint8_t*>(q_.data()) + at * k_ * size(bits_) / 8,
          .scales = scales_.data() + scales,
          .biases = biases_.data() + scales,
          .k = k_,
          .group_size = group_size_,
          .bits = bits_};
}

}  // namespace mobileclip
