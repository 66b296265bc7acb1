#include "engine/nn/depthwise_conv2d.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace mobileclip {
namespace {

// A strip of the padded input of one channel block should stay in the second-level cache beside its output.
constexpr std::size_t kStripFloats = 24 * 1024;  // 96 KiB

std::size_t floats(int pixels) { return static_cast<std::size_t>(pixels) * kChannelBlock; }

/// Copies `rows` rows of an image block, from row `first` on (may be negative), with `pad` zero pixels at either side.
void copy_padded(const float* image, int height, int width, int first, int rows, int pad, float* out) {
  const std::size_t padded = floats(width + 2 * pad);
  for (int r = 0; r < rows; ++r, out += padded) {
    const int y = first + r;
    if (y < 0 || y >= height) {
      std::memset(out, 0, padded * sizeof(float));
      continue;
    }
    std::memset(out, 0, floats(pad) * sizeof(float));
    std::memcpy(out + floats(pad), image + floats(y * width), floats(width) * sizeof(float));
    std::memset(out + floats(pad + width), 0, floats(pad) * sizeof(float));
  }
}

auto kernel_for(const kernels::Kernels& kernels, int kernel, int stride) {
  if (kernel == 3) return stride == 1 ? kernels.depthwise3x3 : kernels.depthwise3x3_stride2;
  return stride == 1 ? kernels.depthwise7x7 : kernels.depthwise7x7_stride2;
}

}  // namespace

DepthwiseConv2d::DepthwiseConv2d(Geometry geometry, std::span<const float> weight, std::span<const float> bias)
    : geometry_(geometry), weight_(weight.size()), bias_(bias.size()) {
  assert(geometry.kernel == 3 || geometry.kernel == 7);
  assert(geometry.stride == 1 || geometry.stride == 2);
  const int outputs = geometry.channels * geometry.multiplier;
  const std::size_t window = static_cast<std::size_t>(geometry.kernel * geometry.kernel);
  assert(weight.size() == static_cast<std::size_t>(outputs) * window &&
         bias.size() == static_cast<std::size_t>(outputs));
  for (int ours = 0; ours < outputs; ++ours) {
    const auto theirs = static_cast<std::size_t>(checkpoint_channel(ours, geometry.channels, geometry.multiplier));
    const auto block = static_cast<std::size_t>(ours / kChannelBlock);
    const auto lane = static_cast<std::size_t>(ours % kChannelBlock);
    for (std::size_t i = 0; i < window; ++i) {
      weight_.data()[(block * window + i) * kChannelBlock + lane] = weight[theirs * window + i];
    }
    bias_.data()[ours] = bias[theirs];
  }
}

int DepthwiseConv2d::strip_rows(int width, int out_height) const {
  const int padded_width = width + geometry_.kernel - 1;
  const int in_rows = static_cast<int>(kStripFloats / floats(padded_width));
  return std::clamp((in_rows - geometry_.kernel) / geometry_.stride + 1, 4, std::max(4, out_height));
}

std::size_t DepthwiseConv2d::scratch_per_worker(int width, int height) const {
  const int out_height = (height + geometry_.stride - 1) / geometry_.stride;
  const int in_rows = (strip_rows(width, out_height) - 1) * geometry_.stride + geometry_.kernel;
  return floats(in_rows * (width + geometry_.kernel - 1));
}

void DepthwiseConv2d::forward(const Context& context, FeatureMap x, FeatureMap y, Activation activation) const {
  const int channels = geometry_.channels;
  const int multiplier = geometry_.multiplier;
  const int kernel = geometry_.kernel;
  const int stride = geometry_.stride;
  assert(x.channels == channels && y.channels == channels * multiplier);
  assert(y.height == (x.height + stride - 1) / stride && y.width == (x.width + stride - 1) / stride);
  const int pad = kernel / 2;
  const int rows_per_strip = strip_rows(x.width, y.height);
  const int strips = (y.height + rows_per_strip - 1) / rows_per_strip;
  const int in_blocks = channels / kChannelBlock;
  const auto run = kernel_for(context.kernels, kernel, stride);
  const auto work = [&](std::size_t task, int worker) {
    const int in_block = static_cast<int>(task) / strips;
    const int first = static_cast<int>(task) % strips * rows_per_strip;
    const int rows = std::min(rows_per_strip, y.height - first);
    float* padded = context.scratch.of(worker);
    copy_padded(x.rows().block(in_block), x.height, x.width, first * stride - pad, (rows - 1) * stride + kernel, pad,
                padded);
    for (int j = 0; j < multiplier; ++j) {
      const int block = j * in_blocks + in_block;
      run({.in = padded,
           .in_width = static_cast<std::size_t>(x.width + 2 * pad),
           .out = y.rows().block(block) + floats(first * y.width),
           .out_rows = static_cast<std::size_t>(rows),
           .out_width = static_cast<std::size_t>(y.width),
           .weight = weight_.data() + floats(block * kernel * kernel),
           .bias = bias_.data() + floats(block),
           .activation = activation});
    }
  };
  context.parallel.run(static_cast<std::size_t>(in_blocks * strips), work);
}

}  // namespace mobileclip
