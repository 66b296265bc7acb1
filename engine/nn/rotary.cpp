#include "engine/nn/rotary.h"

#include <cassert>
#include <cmath>

namespace mobileclip {

RotaryEmbedding::RotaryEmbedding(int heads, int head_dim, double theta, int max_tokens)
    : heads_(heads),
      head_dim_(head_dim),
      cos_(static_cast<std::size_t>(max_tokens) * static_cast<std::size_t>(head_dim / 2)),
      sin_(cos_.size()) {
  assert(head_dim % 2 == 0);
  const int half = head_dim / 2;
  for (int position = 0; position < max_tokens; ++position) {
    for (int i = 0; i < half; ++i) {
      const double angle = position * std::pow(theta, -2.0 * i / head_dim);
      const auto at = static_cast<std::size_t>(position) * static_cast<std::size_t>(half) + static_cast<std::size_t>(i);
      cos_.data()[at] = static_cast<float>(std::cos(angle));
      sin_.data()[at] = static_cast<float>(std::sin(angle));
    }
  }
}

void RotaryEmbedding::forward(const Context& context, std::span<const int> row_begins, Blocked x) const {
  const int half = head_dim_ / 2;
  const int head_blocks = x.blocks() / heads_;
  const std::size_t sequences = row_begins.size() - 1;
  context.parallel.run(sequences * static_cast<std::size_t>(heads_), [&](std::size_t task, int /*worker*/) {
    const std::size_t sequence = task / static_cast<std::size_t>(heads_);
    const int block = static_cast<int>(task) % heads_ * head_blocks;
    const int begin = row_begins[sequence];
    for (int row = begin; row < row_begins[sequence + 1]; ++row) {
      const std::size_t at = static_cast<std::size_t>(row - begin) * static_cast<std::size_t>(half);
      const auto element = [&](int i) -> float& {
        return x.block(block + i / kChannelBlock)[row * kChannelBlock + i % kChannelBlock];
      };
      for (int i = 0; i < half; ++i) {
        const float cos = cos_.data()[at + static_cast<std::size_t>(i)];
        const float sin = sin_.data()[at + static_cast<std::size_t>(i)];
        const float a = element(i);
        const float b = element(i + half);
        element(i) = a * cos - b * sin;
        element(i + half) = b * cos + a * sin;
      }
    }
  });
}

}  // namespace mobileclip
