// Weights in MLX's affine form back to what the products take, against plain loops.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/kernels/kernels.h"
#include "tests/support/random.h"
#include "tests/unit/engine/kernels/every_isa.h"

namespace mobileclip::kernels {
namespace {

using ::mobileclip::testing::random_floats;

struct Shape {
  int bits;
  std::size_t group_size;
  std::size_t k;
};
constexpr Shape kShapes[] = {{4, 32, 32}, {4, 32, 96},  {4, 64, 320}, {4, 128, 256},
                             {8, 32, 32}, {8, 32, 160}, {8, 64, 64},  {8, 128, 384}};

struct Data {
  explicit Data(const Shape& s)
      : shape(s),
        scales(random_floats(s.k / s.group_size * kBlock, 41, 0.1F)),
        biases(random_floats(scales.size(), 42)),
        // One byte further, so that nothing is aligned.
        q(1 + s.k * kBlock * static_cast<std::size_t>(s.bits) / 8) {
    const std::vector<float> random = random_floats(q.size(), 43);
    for (std::size_t i = 0; i < q.size(); ++i) q[i] = static_cast<std::uint8_t>((random[i] + 1) * 127.9F);
    q[1] = 0xFF;
    q[2] = 0;
  }

  [[nodiscard]] AffinePanel panel() const {
    return {.q = q.data() + 1,
            .scales = scales.data(),
            .biases = biases.data(),
            .k = shape.k,
            .group_size = shape.group_size,
            .bits = shape.bits};
  }
  [[nodiscard]] double value(std::size_t k, std::size_t n) const {
    const std::size_t group = k / shape.group_size * kBlock + n;
    int step;
    if (shape.bits == 8) {
      step = q[1 + k * kBlock + n];
    } else {
      const std::uint8_t byte = q[1 + k / 2 * kBlock + n];
      step = k % 2 == 0 ? byte & 15 : byte >> 4;
    }
    return double{scales[group]} * step + double{biases[group]};
  }

  Shape shape;
  std::vector<float> scales;
  std::vector<float> biases;
  std::vector<std::uint8_t> q;
};

/// With the guard behind it, which must stay.
template <typename T>
std::vector<T> room(const Shape& shape, T guard) {
  return std::vector<T>(shape.k * kBlock + 64, guard);
}

template <typename T>
void expect_guard(const Shape& shape, const std::vector<T>& out, T guard) {
  for (std::size_t i = shape.k * kBlock; i < out.size(); ++i) ASSERT_EQ(out[i], guard) << "past the end";
}

std::size_t place_of_pair(std::size_t k, std::size_t n) { return (k / 2 * kBlock + n) * 2 + k % 2; }

TEST_P(EveryIsa, DequantizesToFloat32) {
  for (const Shape& shape : kShapes) {
    const Data data(shape);
    std::vector<float> out = room(shape, -7.0F);
    kernels_->dequantize(data.panel(), out.data());
    for (std::size_t k = 0; k < shape.k; ++k) {
      for (std::size_t n = 0; n < kBlock; ++n) {
        // Without a fused multiply-add the product is rounded, too: as large as 25.5.
        ASSERT_NEAR(out[k * kBlock + n], data.value(k, n), 2e-6) << shape.bits << " bits, k " << k << ", n " << n;
      }
    }
    expect_guard(shape, out, -7.0F);
  }
}

TEST_P(EveryIsa, DequantizesToBf16AsRoundingTheFloat32Does) {
  for (const Shape& shape : kShapes) {
    const Data data(shape);
    std::vector<float> exact = room(shape, 0.0F);
    kernels_->dequantize(data.panel(), exact.data());
    std::vector<Bf16> out = room<Bf16>(shape, 0x7F7F);
    std::vector<Bf16> hi = out;
    std::vector<Bf16> lo = out;
    kernels_->dequantize_bf16(data.panel(), out.data());
    kernels_->dequantize_split(data.panel(), hi.data(), lo.data());
    for (std::size_t k = 0; k < shape.k; ++k) {
      for (std::size_t n = 0; n < kBlock; ++n) {
        ASSERT_EQ(out[place_of_pair(k, n)], to_bf16(exact[k * kBlock + n]));
        ASSERT_EQ(lo[place_of_pair(k, n)], low_bf16(exact[k * kBlock + n]));
      }
    }
    EXPECT_EQ(hi, out);
    expect_guard<Bf16>(shape, out, 0x7F7F);
    expect_guard<Bf16>(shape, lo, 0x7F7F);
  }
}

}  // namespace
}  // namespace mobileclip::kernels
