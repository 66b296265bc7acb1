#include "engine/nn/squeeze_excite.h"

#include <cmath>
#include <utility>

namespace mobileclip {

SqueezeExcite::SqueezeExcite(Linear fc1, Linear fc2) : fc1_(std::move(fc1)), fc2_(std::move(fc2)) {}

std::size_t SqueezeExcite::gate_floats() const {
  return static_cast<std::size_t>(fc1_.in_channels() + fc1_.out_channels());
}

void SqueezeExcite::forward(const Context& context, FeatureMap x, Activation activation, float* gate_data) const {
  const int channels = fc1_.in_channels();
  // With one row the blocked layout is a plain vector.
  const Blocked gate{.data = gate_data, .channels = channels, .rows = 1};
  const Blocked reduced{.data = gate.data + channels, .channels = fc1_.out_channels(), .rows = 1};
  const auto pixels = static_cast<std::size_t>(x.pixels());
  const auto blocks = static_cast<std::size_t>(x.rows().blocks());

  context.parallel.run(blocks, [&](std::size_t block, int /*worker*/) {
    context.kernels.mean_block(x.rows().block(static_cast<int>(block)), pixels, gate.block(static_cast<int>(block)));
  });
  fc1_.forward(context, gate, reduced, {.activation = Activation::kRelu});
  fc2_.forward(context, reduced, gate);
  for (int c = 0; c < channels; ++c) gate.data[c] = 1.0F / (1.0F + std::exp(-gate.data[c]));
  context.parallel.run(blocks, [&](std::size_t block, int /*worker*/) {
    const int b = static_cast<int>(block);
    context.kernels.scale_block(x.rows().block(b), gate.block(b), pixels, activation);
  });
}

}  // namespace mobileclip
