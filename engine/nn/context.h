// What every layer's forward needs besides its inputs.
#pragma once

#include "engine/kernels/kernels.h"
#include "engine/nn/parallel.h"

namespace mobileclip {

/// Memory for the length of one task: one slice a worker (Parallel's numbering), sized for the hungriest layer.
class Scratch {
 public:
  Scratch() = default;
  Scratch(float* data, std::size_t per_worker) : data_(data), per_worker_(per_worker) {}
  [[nodiscard]] float* of(int worker) const { return data_ + static_cast<std::size_t>(worker) * per_worker_; }
  [[nodiscard]] std::size_t per_worker() const { return per_worker_; }

 private:
  float* data_ = nullptr;
  std::size_t per_worker_ = 0;
};

struct Context {
  const kernels::Kernels& kernels;
  Parallel& parallel;
  Scratch scratch;
};

}  // namespace mobileclip
