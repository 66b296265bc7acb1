#include "engine/nn/patch_conv2d.h"

#include <algorithm>
#include <cassert>
#include <vector>

namespace mobileclip {
namespace {

constexpr int kRowsPerTask = 48;  // of the widest patches, 3 * 32 * 32 values, half a megabyte

int padded(int channels) { return (channels + kChannelBlock - 1) / kChannelBlock * kChannelBlock; }

int patch_values(const PatchConv2d::Geometry& g) { return g.kernel * g.kernel * g.in; }

/// [out, in, ky, kx] → [out, (ky, kx, in)], as the pixels lie, with zeros up to a whole block.
Linear patch_linear(const PatchConv2d::Geometry& g, std::span<const float> weight, std::span<const float> bias) {
  const auto pixels = static_cast<std::size_t>(g.kernel * g.kernel);
  const auto in = static_cast<std::size_t>(g.in);
  const auto row = static_cast<std::size_t>(padded(patch_values(g)));
  std::vector<float> rows(static_cast<std::size_t>(g.out) * row, 0.0F);
  const float* value = weight.data();
  for (std::size_t o = 0; o < static_cast<std::size_t>(g.out); ++o) {
    for (std::size_t c = 0; c < in; ++c) {
      for (std::size_t p = 0; p < pixels; ++p) rows[o * row + p * in + c] = *value++;
    }
  }
  return {g.out, static_cast<int>(row), rows, bias};
}

}  // namespace

PatchConv2d::PatchConv2d(Geometry geometry, std::span<const float> weight, std::span<const float> bias)
    : geometry_(geometry), linear_(patch_linear(geometry, weight, bias)) {}

std::size_t PatchConv2d::scratch_per_worker() const {
  return static_cast<std::size_t>(kRowsPerTask) * static_cast<std::size_t>(linear_.in_channels()) +
         linear_.operand_floats(kRowsPerTask);
}

/// copy_patch(patch, rows, row) writes the values of one patch to a row of `rows`.
template <typename CopyPatch>
void PatchConv2d::forward_patches(const Context& context, int count, const Output& output,
                                  const CopyPatch& copy_patch) const {
  assert(output.y.channels == geometry_.out && output.first_row + count <= output.y.rows);
  const RowTasks tasks(count, kRowsPerTask);
  context.parallel.run(static_cast<std::size_t>(tasks.count()), [&](std::size_t task, int worker) {
    const int first = tasks.begin(static_cast<int>(task));
    const int rows = tasks.begin(static_cast<int>(task) + 1) - first;
    const Blocked patches{.data = context.scratch.of(worker), .channels = linear_.in_channels(), .rows = rows};
    // The padding's weights are zero, but what memory holds may be NaN.
    if (patches.channels != patch_values(geometry_)) {
      std::fill_n(patches.block(patches.blocks() - 1), patches.stride(), 0.0F);
    }
    for (int row = 0; row < rows; ++row) copy_patch(first + row, patches, row);
    linear_.forward_tile(context.kernels, {.row = 0, .count = rows, .y_row = output.first_row + first}, patches,
                         output.y, {.activation = output.activation, .residual = output.residual},
                         patches.data + patches.size());
  });
}

void PatchConv2d::forward(const Context& context, FeatureMap x, const Output& output) const {
  assert(x.channels == geometry_.in);
  const int kernel = geometry_.kernel;
  const int across = patches(x.width);
  const int blocks = x.rows().blocks();
  forward_patches(context, across * patches(x.height), output, [&](int patch, Blocked rows, int row) {
    const int top = patch / across * kernel;
    const int left = patch % across * kernel;
    for (int i = 0; i < kernel * kernel; ++i) {
      const int pixel = (top + i / kernel) * x.width + left + i % kernel;
      for (int b = 0; b < blocks; ++b) {
        std::copy_n(x.rows().block(b) + pixel * kChannelBlock, kChannelBlock,
                    rows.block(i * blocks + b) + row * kChannelBlock);
      }
    }
  });
}

void PatchConv2d::forward(const Context& context, const RgbInput& rgb, const Output& output) const {
  constexpr int kChannels = RgbNormalization::kChannels;
  assert(geometry_.in == kChannels);
  const int kernel = geometry_.kernel;
  const int across = patches(rgb.size);
  forward_patches(context, across * across, output, [&](int patch, Blocked rows, int row) {
    const int top = patch / across * kernel;
    const int left = patch % across * kernel;
    int k = 0;
    for (int y = top; y < top + kernel; ++y) {
      const std::uint8_t* pixel = rgb.pixels.data() + static_cast<std::size_t>(y * rgb.size + left) * kChannels;
      for (int i = 0; i < kernel * kChannels; ++i, ++k) {
        rows.block(k / kChannelBlock)[row * kChannelBlock + k % kChannelBlock] =
            rgb.normalization(i % kChannels, pixel[i]);
      }
    }
  });
}

}  // namespace mobileclip
