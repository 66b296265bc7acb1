// What tests of layers share: ordinary row-major values in the blocked layout, and work spread in an awkward order.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/kernels/dispatch.h"
#include "engine/nn/context.h"
#include "tests/support/backwards.h"

namespace mobileclip {

using testing::Backwards;

class Layers : public ::testing::Test {
 protected:
  Context context(Parallel& parallel) { return {*kernels::find("auto"), parallel, Scratch(scratch_.data(), kScratch)}; }

  static constexpr std::size_t kScratch = 1 << 18;
  std::vector<float> scratch_ = std::vector<float>(3 * kScratch, NAN);
  Serial serial_;
  Backwards backwards_;
};

/// [channels][rows] row-major → blocked.
inline std::vector<float> to_blocked(const std::vector<float>& x, int channels, int rows) {
  std::vector<float> out(x.size());
  for (int c = 0; c < channels; ++c) {
    for (int r = 0; r < rows; ++r) {
      out[static_cast<std::size_t>((c / 16 * rows + r) * 16 + c % 16)] = x[static_cast<std::size_t>(c * rows + r)];
    }
  }
  return out;
}

inline float at(const std::vector<float>& blocked, int rows, int channel, int row) {
  return blocked[static_cast<std::size_t>((channel / 16 * rows + row) * 16 + channel % 16)];
}

}  // namespace mobileclip
