// (v / 255 - mean) / std for the 256 values of each channel: image towers read it from a table as they read the pixels,
// so that no float image is ever made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace mobileclip {

class RgbNormalization {
 public:
  static constexpr int kChannels = 3;

  /// Of values in [0, 1].
  RgbNormalization(std::array<float, kChannels> mean, std::array<float, kChannels> std) : normalized_{} {
    for (std::size_t c = 0; c < kChannels; ++c) {
      for (std::size_t v = 0; v < 256; ++v) {
        normalized_[c][v] = static_cast<float>((static_cast<double>(v) / 255.0 - double{mean[c]}) / double{std[c]});
      }
    }
  }

  [[nodiscard]] float operator()(int channel, std::uint8_t value) const {
    return normalized_[static_cast<std::size_t>(channel)][value];
  }

 private:
  std::array<std::array<float, 256>, kChannels> normalized_;
};

}  // namespace mobileclip
