// How much memory the engine may take beyond its weights.
#pragma once

#include <cstddef>

namespace mobileclip {

enum class MemoryMode { kLow, kBalanced, kHigh };

/// Upper bounds: what the other options ask for beyond them is not given.
struct MemoryBounds {
  std::size_t max_batch;
  std::size_t text_group;       ///< texts that share one forward pass, each with its own activations
  std::size_t max_queue_items;  ///< a lane; a prepared image waits as pixels, 192 KiB at 256 x 256
  std::size_t max_queue_bytes;  ///< a lane, of encoded input
};

constexpr MemoryBounds memory_bounds(MemoryMode mode) {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  switch (mode) {
    case MemoryMode::kLow:
      return {.max_batch = 8, .text_group = 1, .max_queue_items = 64, .max_queue_bytes = 64 * kMiB};
    case MemoryMode::kBalanced:
      return {.max_batch = 128, .text_group = 4, .max_queue_items = 4096, .max_queue_bytes = 1024 * kMiB};
    case MemoryMode::kHigh:
      break;
  }
  return {.max_batch = ~std::size_t{0},
          .text_group = 8,
          .max_queue_items = ~std::size_t{0},
          .max_queue_bytes = ~std::size_t{0}};
}

}  // namespace mobileclip
