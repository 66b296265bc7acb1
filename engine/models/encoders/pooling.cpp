#include "engine/models/encoders/pooling.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace mobileclip {
namespace {

float state(Blocked states, int channel, int row) {
  return states.block(channel / kChannelBlock)[row * kChannelBlock + channel % kChannelBlock];
}

float pool_channel(Pooling mode, Blocked states, TextRows text, int channel) {
  if (mode == Pooling::kCls) return state(states, channel, text.begin);
  if (mode == Pooling::kLastToken) return state(states, channel, text.end - 1);
  const int first = text.begin + text.prompt;
  double sum = 0;
  double weights = 0;
  float greatest = state(states, channel, first);
  for (int row = first; row < text.end; ++row) {
    const float value = state(states, channel, row);
    const double weight = mode == Pooling::kWeightedMean ? row - text.begin + 1 : 1;
    sum += weight * double{value};
    weights += weight;
    greatest = std::max(greatest, value);
  }
  switch (mode) {
    case Pooling::kMax:
      return greatest;
    case Pooling::kMeanSqrtLen:
      return static_cast<float>(sum / std::sqrt(weights));
    default:
      return static_cast<float>(sum / weights);
  }
}

const char* name_of(Pooling mode) {
  switch (mode) {
    case Pooling::kCls:
      return "cls";
    case Pooling::kMax:
      return "max";
    case Pooling::kMean:
      return "mean";
    case Pooling::kMeanSqrtLen:
      return "mean_sqrt_len_tokens";
    case Pooling::kWeightedMean:
      return "weightedmean";
    case Pooling::kLastToken:
      return "last_token";
  }
  return "";
}

}  // namespace

std::string describe(const PoolingConfig& pooling) {
  std::string text;
  for (const Pooling mode : pooling.modes) text.append(text.empty() ? "" : "+").append(name_of(mode));
  return text;
}

void pool(const PoolingConfig& config, Blocked states, TextRows text, int hidden, std::span<float> out) {
  assert(text.begin + text.prompt < text.end && out.size() == config.modes.size() * static_cast<std::size_t>(hidden));
  std::size_t at = 0;
  for (const Pooling mode : config.modes) {
    for (int channel = 0; channel < hidden; ++channel) out[at++] = pool_channel(mode, states, text, channel);
  }
}

}  // namespace mobileclip
