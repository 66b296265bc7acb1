// Convolution whose stride is its kernel's size, without padding: it cuts its input into patches, each of which is one
// row of a linear layer. A ViT's patch embedding (timm patch_embed.py::PatchEmbed) and its convolutional stem's steps.
#pragma once

#include <cstdint>
#include <span>

#include "engine/nn/linear.h"
#include "engine/nn/rgb_normalization.h"

namespace mobileclip {

/// 8-bit pixels [size, size, 3] and how they become numbers.
struct RgbInput {
  std::span<const std::uint8_t> pixels;
  int size;
  const RgbNormalization& normalization;
};

/// Immutable after construction; every forward may run from any number of threads. Float32 in each precision, as all
/// first layers are.
class PatchConv2d {
 public:
  struct Geometry {
    int out;     ///< a multiple of 16
    int in;      ///< 3 for RGB, else a multiple of 16
    int kernel;  ///< pixels a side of a patch
  };
  /// `weight` is [out, in, kernel, kernel] (OIHW), `bias` [out] or empty. Packs copies.
  PatchConv2d(Geometry geometry, std::span<const float> weight, std::span<const float> bias);

  struct Output {
    Blocked y;                        ///< [out][first_row + patches and more]
    int first_row = 0;                ///< where the first patch's row goes; rows before it stay as they are
    const float* residual = nullptr;  ///< blocked like y
    Activation activation = Activation::kNone;
  };
  /// Patches row by row; pixels that fill no whole patch are left out.
  void forward(const Context& context, FeatureMap x, const Output& output) const;
  void forward(const Context& context, const RgbInput& rgb, const Output& output) const;

  /// Patches a side of an input of `size` pixels a side.
  [[nodiscard]] int patches(int size) const { return size / geometry_.kernel; }
  [[nodiscard]] std::size_t scratch_per_worker() const;
  [[nodiscard]] int out_channels() const { return geometry_.out; }

 private:
  template <typename CopyPatch>
  void forward_patches(const Context& context, int count, const Output& output, const CopyPatch& copy_patch) const;

  Geometry geometry_;
  Linear linear_;  // inputs in the order ky, kx, channel, padded to blocks of 16
};

}  // namespace mobileclip
