// The one activation layout of the engine: channels in blocks of 16, [C/16][rows][16] float32. Rows are pixels
// (row-major) of a feature map, or tokens. A tile of rows of one block is contiguous, so that a register tile reads
// whole cache lines and depthwise windows do not fight for the same cache sets.
#pragma once

#include <cstddef>

namespace mobileclip {

inline constexpr int kChannelBlock = 16;

/// A view; owns nothing. `rows` counts all rows of the buffer, so that blocks lie rows * 16 floats apart.
struct Blocked {
  float* data = nullptr;
  int channels = 0;  ///< a multiple of 16
  int rows = 0;

  [[nodiscard]] std::size_t stride() const { return static_cast<std::size_t>(rows) * kChannelBlock; }
  [[nodiscard]] int blocks() const { return channels / kChannelBlock; }
  [[nodiscard]] float* block(int index) const { return data + static_cast<std::size_t>(index) * stride(); }
  [[nodiscard]] std::size_t size() const { return stride() * static_cast<std::size_t>(blocks()); }
};

/// A Blocked whose rows are the pixels of `height` x `width`.
struct FeatureMap {
  float* data = nullptr;
  int channels = 0;
  int height = 0;
  int width = 0;

  [[nodiscard]] int pixels() const { return height * width; }
  [[nodiscard]] Blocked rows() const { return {.data = data, .channels = channels, .rows = pixels()}; }
};

}  // namespace mobileclip
