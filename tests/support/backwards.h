// A way to run tasks that shows what depends on their order.
#pragma once

#include "engine/nn/parallel.h"

namespace mobileclip::testing {

/// Runs tasks backwards and claims many workers: whatever depends on order or on scratch being its own shows.
class Backwards final : public Parallel {
 public:
  [[nodiscard]] int max_workers() const override { return 3; }
  void run(std::size_t tasks, TaskRef task) override {
    for (std::size_t i = tasks; i-- > 0;) task(i, static_cast<int>(i % 3));
  }
};

}  // namespace mobileclip::testing
