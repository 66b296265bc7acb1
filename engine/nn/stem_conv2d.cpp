#include "engine/nn/stem_conv2d.h"

#include <algorithm>
#include <cassert>
#include <vector>

namespace mobileclip {
namespace {

constexpr int kChannels = RgbNormalization::kChannels;
constexpr int kKernel = 3;
constexpr int kWindow = kKernel * kKernel * kChannels;  // in the order ky, kx, c: as the pixels lie
constexpr int kPaddedWindow = 2 * kChannelBlock;

Linear window_linear(int out, std::span<const float> weight, std::span<const float> bias) {
  std::vector<float> rows(static_cast<std::size_t>(out) * kPaddedWindow, 0.0F);
  for (int o = 0; o < out; ++o) {
    for (int c = 0; c < kChannels; ++c) {
      for (int i = 0; i < kKernel * kKernel; ++i) {
        rows[static_cast<std::size_t>(o * kPaddedWindow + i * kChannels + c)] =
            weight[static_cast<std::size_t>(o * kWindow + c * kKernel * kKernel + i)];
      }
    }
  }
  return {out, kPaddedWindow, rows, bias};
}

}  // namespace

StemConv2d::StemConv2d(int out, std::span<const float> weight, std::span<const float> bias, std::array<float, 3> mean,
                       std::array<float, 3> std)
    : conv_(window_linear(out, weight, bias)), normalized_(mean, std) {}

std::size_t StemConv2d::scratch_per_worker(int size) {
  return static_cast<std::size_t>((size + 1) / 2) * kPaddedWindow;
}

void StemConv2d::forward(const Context& context, std::span<const std::uint8_t> rgb, int size, FeatureMap y,
                         Activation activation) const {
  assert(rgb.size() == static_cast<std::size_t>(size) * static_cast<std::size_t>(size) * kChannels);
  assert(y.width == (size + 1) / 2 && y.height == y.width);
  context.parallel.run(static_cast<std::size_t>(y.height), [&](std::size_t task, int worker) {
    const int out_y = static_cast<int>(task);
    const Blocked windows{.data = context.scratch.of(worker), .channels = kPaddedWindow, .rows = y.width};
    std::fill_n(windows.data, windows.size(), 0.0F);  // padding outside the image is 0 after normalisation
    for (int out_x = 0; out_x < y.width; ++out_x) {
      for (int ky = 0; ky < kKernel; ++ky) {
        const int in_y = 2 * out_y + ky - 1;
        if (in_y < 0 || in_y >= size) continue;
        for (int kx = 0; kx < kKernel; ++kx) {
          const int in_x = 2 * out_x + kx - 1;
          if (in_x < 0 || in_x >= size) continue;
          const std::uint8_t* pixel = rgb.data() + static_cast<std::size_t>(in_y * size + in_x) * kChannels;
          for (int c = 0; c < kChannels; ++c) {
            const int k = (ky * kKernel + kx) * kChannels + c;
            windows.block(k / kChannelBlock)[out_x * kChannelBlock + k % kChannelBlock] = normalized_(c, pixel[c]);
          }
        }
      }
    }
    conv_.forward_tile(context.kernels, {.row = 0, .count = y.width, .y_row = out_y * y.width}, windows, y.rows(),
                       {.activation = activation}, nullptr);
  });
}

}  // namespace mobileclip
