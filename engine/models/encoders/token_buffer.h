// A named buffer of a forward pass, of which a batch uses as many rows as it has.
#pragma once

#include <cassert>

#include "engine/tensor/aligned_buffer.h"
#include "engine/tensor/blocked.h"

namespace mobileclip {

class TokenBuffer {
 public:
  TokenBuffer() = default;
  /// `channels` is a multiple of 16. Memory that no batch ever uses is never touched.
  TokenBuffer(int channels, int max_rows)
      : channels_(channels), buffer_(static_cast<std::size_t>(channels) * static_cast<std::size_t>(max_rows)) {}

  /// [channels][rows]
  [[nodiscard]] Blocked view(int rows) {
    const Blocked view{.data = buffer_.data(), .channels = channels_, .rows = rows};
    assert(view.size() <= buffer_.size());
    return view;
  }

 private:
  int channels_ = 0;
  AlignedBuffer buffer_;
};

}  // namespace mobileclip
