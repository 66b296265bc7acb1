// Direct depthwise convolution of one block of 16 channels. Included through kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

/// `Pixels` neighbouring outputs of one row at a time: each weight is loaded once for all of them.
template <int Kernel, int Stride, int Pixels, typename Act>
static inline void depthwise_pixels(const Depthwise& d, Act act, const float* in, float* out) {
  for (std::size_t lane = 0; lane < kBlock; lane += kLanes) {
    Vec acc[Pixels];
    const Vec bias = load(d.bias + lane);
#pragma GCC unroll 16
    for (int p = 0; p < Pixels; ++p) acc[p] = bias;
    for (std::size_t ky = 0; ky < Kernel; ++ky) {
      const float* row = in + ky * d.in_width * kBlock + lane;
      const float* weight = d.weight + ky * Kernel * kBlock + lane;
#pragma GCC unroll 8
      for (int kx = 0; kx < Kernel; ++kx) {
        const Vec w = load(weight + static_cast<std::size_t>(kx) * kBlock);
#pragma GCC unroll 16
        for (int p = 0; p < Pixels; ++p) {
          acc[p] = fma(w, load(row + static_cast<std::size_t>(p * Stride + kx) * kBlock), acc[p]);
        }
      }
    }
#pragma GCC unroll 16
    for (int p = 0; p < Pixels; ++p) store(out + static_cast<std::size_t>(p) * kBlock + lane, act(acc[p]));
  }
}

template <int Kernel, int Stride, typename Act>
static void depthwise_all(const Depthwise& d, Act act) {
  for (std::size_t y = 0; y < d.out_rows; ++y) {
    const float* in = d.in + y * Stride * d.in_width * kBlock;
    float* out = d.out + y * d.out_width * kBlock;
    std::size_t x = 0;
    for (; x + kDepthwisePixels <= d.out_width; x += kDepthwisePixels) {
      depthwise_pixels<Kernel, Stride, kDepthwisePixels>(d, act, in + x * Stride * kBlock, out + x * kBlock);
    }
    for (; x + 2 <= d.out_width; x += 2) {
      depthwise_pixels<Kernel, Stride, 2>(d, act, in + x * Stride * kBlock, out + x * kBlock);
    }
    for (; x < d.out_width; ++x) {
      depthwise_pixels<Kernel, Stride, 1>(d, act, in + x * Stride * kBlock, out + x * kBlock);
    }
  }
}

template <int Kernel, int Stride>
static void depthwise(const Depthwise& d) {
  with_activation(d.activation, [&](auto act) { depthwise_all<Kernel, Stride>(d, act); });
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
