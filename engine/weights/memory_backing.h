// Tensors' bytes that lie in memory rather than in a mapped file.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "engine/weights/tensor_store.h"

namespace mobileclip {

/// What was allocated lives as long as it. Each block lies at a multiple of 64 bytes, so that F32 is borrowed rather than
/// copied.
class MemoryBacking final : public Backing {
 public:
  std::span<std::byte> allocate(std::size_t size) {
    constexpr std::size_t kAlignment = 64;
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(size + kAlignment));
    void* aligned = blocks_.back().get();
    std::size_t space = size + kAlignment;
    std::align(kAlignment, size, aligned, space);
    return {static_cast<std::byte*>(aligned), size};
  }

 private:
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

}  // namespace mobileclip
