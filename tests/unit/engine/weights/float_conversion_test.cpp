#include "engine/weights/float_conversion.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace mobileclip {
namespace {

std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

/// IEEE 754 by its definition, in double.
double f16_by_definition(std::uint32_t bits) {
  const double sign = bits & 0x8000 ? -1.0 : 1.0;
  const int exponent = static_cast<int>(bits >> 10 & 0x1F);
  const double mantissa = bits & 0x3FF;
  if (exponent == 0x1F) return mantissa == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

/// The nearest binary16 to a finite value, ties to even: in units of the last place, by the FPU's own rounding of
/// doubles.
double nearest_f16(double value) {
  const int exponent = value == 0 ? -14 : std::max(-14, std::ilogb(value));
  const double unit = std::ldexp(1.0, exponent - 10);
  const double rounded = std::nearbyint(value / unit) * unit;
  return std::abs(rounded) >= 65536 ? std::copysign(std::numeric_limits<double>::infinity(), value) : rounded;
}

TEST(FloatConversion, WidensEveryF16) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const float value = f16_to_f32(static_cast<std::uint16_t>(bits));
    const double expected = f16_by_definition(bits);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(value)) << std::hex << bits;
    } else {
      ASSERT_EQ(bits_of(value), bits_of(static_cast<float>(expected))) << std::hex << bits;
    }
  }
}

TEST(FloatConversion, NarrowsEveryF16BackToItself) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const std::uint16_t back = f32_to_f16(f16_to_f32(half));
    if (std::isnan(f16_by_definition(bits))) {
      ASSERT_TRUE(std::isnan(f16_by_definition(back))) << std::hex << bits;
      ASSERT_EQ(back & 0x8000, half & 0x8000);
    } else {
      ASSERT_EQ(back, half) << std::hex << bits;
    }
  }
}

TEST(FloatConversion, WidensEveryBF16AndNarrowsItBack) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const auto narrow = static_cast<std::uint16_t>(bits);
    const float value = bf16_to_f32(narrow);
    ASSERT_EQ(bits_of(value), bits << 16);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(value)))) << std::hex << bits;
    } else {
      ASSERT_EQ(f32_to_bf16(value), narrow) << std::hex << bits;
    }
  }
}

// Between every two neighbours: the midpoint goes to the even one, anything off it to the nearer one.
TEST(FloatConversion, RoundsMidpointsOfF16ToEven) {
  for (std::uint32_t lower = 0; lower < 0x7BFF; ++lower) {
    const double a = f16_by_definition(lower);
    const double b = f16_by_definition(lower + 1);
    const auto middle = static_cast<float>((a + b) / 2);  // exact: one bit more than binary16 has
    const std::uint32_t even = lower % 2 == 0 ? lower : lower + 1;
    ASSERT_EQ(f32_to_f16(middle), even);
    ASSERT_EQ(f32_to_f16(-middle), even | 0x8000);
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, 0.0F)), lower);
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, 1e9F)), lower + 1);
  }
}

TEST(FloatConversion, RoundsMidpointsOfBF16ToEven) {
  for (std::uint32_t lower = 0; lower < 0x7F7F; ++lower) {
    const std::uint32_t middle = lower << 16 | 0x8000;
    ASSERT_EQ(f32_to_bf16(std::bit_cast<float>(middle)), lower % 2 == 0 ? lower : lower + 1);
    ASSERT_EQ(f32_to_bf16(std::bit_cast<float>(middle - 1)), lower);
    ASSERT_EQ(f32_to_bf16(std::bit_cast<float>(middle + 1)), lower + 1);
  }
}

TEST(FloatConversion, NarrowsRandomFloatsToTheNearestF16) {
  std::mt19937 random(1);
  for (int i = 0; i < 500'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(f16_by_definition(f32_to_f16(value)), nearest_f16(value)) << value;
  }
}

TEST(FloatConversion, TakesRangeEndsAndSpecials) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(f32_to_f16(65504.0F), 0x7BFF);
  EXPECT_EQ(f32_to_f16(65519.996F), 0x7BFF);
  EXPECT_EQ(f32_to_f16(65520.0F), 0x7C00);
  EXPECT_EQ(f32_to_f16(-infinity), 0xFC00);
  EXPECT_EQ(f32_to_f16(std::ldexp(1.0F, -24)), 1);
  EXPECT_EQ(f32_to_f16(std::ldexp(1.0F, -25)), 0);  // a tie, to even
  EXPECT_EQ(f32_to_f16(std::nextafter(std::ldexp(1.0F, -25), 1.0F)), 1);
  EXPECT_EQ(f32_to_f16(-0.0F), 0x8000);
  EXPECT_EQ(f32_to_f16(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(f32_to_bf16(std::numeric_limits<float>::max()), 0x7F80);
  EXPECT_EQ(f32_to_bf16(-infinity), 0xFF80);
  EXPECT_TRUE(
      std::isnan(bf16_to_f32(f32_to_bf16(std::bit_cast<float>(0x7F80'0001u)))));  // payload in the cut bits only
  EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(std::bit_cast<float>(0x7F80'0001u)))));
}

TEST(FloatConversion, NarrowsDoublesAsTheCpuDoes) {
  std::mt19937_64 random(2);
  const auto check = [](double value) {
    const float converted = f64_to_f32(std::bit_cast<std::uint64_t>(value));
    ASSERT_EQ(bits_of(converted), bits_of(static_cast<float>(value))) << value;
  };
  for (int i = 0; i < 300'000; ++i) {
    const auto anything = std::bit_cast<double>(random());
    if (!std::isnan(anything)) check(anything);
    const auto exponent = static_cast<int>(random() % 300) - 160;  // around and below float's range
    check(std::ldexp(1.0 + static_cast<double>(random() >> 12) * 0x1p-52, exponent));
  }
  for (const double value : {0.0, -0.0, 0x1p-149, 0x1p-150, 0x1.000002p-150, 0x1.8p-149, 0x1.fffffefffffffp+127,
                             0x1.ffffffp+127, 1e300, -1e300, 0x1.fffffffffffffp-127, 4.9e-324}) {
    check(value);
  }
  EXPECT_TRUE(std::isnan(f64_to_f32(0x7FF0'0000'0000'0001)));
  EXPECT_TRUE(std::isnan(f64_to_f32(0xFFF8'0000'0000'0000)));
}

TEST(FloatConversion, ReadsUnalignedElements) {
  const std::vector<std::byte> bytes{std::byte{0xFF}, std::byte{0x00}, std::byte{0x3C}, std::byte{0x01},
                                     std::byte{0x00}};
  std::vector<float> out(2);
  f16_to_f32(bytes.data() + 1, out);
  EXPECT_EQ(out, (std::vector<float>{1.0F, 0x1p-24F}));
}

#if defined(__SSE__)
TEST(FloatConversion, KeepsSubnormalsWhereTheThreadFlushesThem) {
  const unsigned int saved = _mm_getcsr();
  _mm_setcsr(saved | 0x8040);  // FTZ and DAZ
  const std::uint32_t from_bf16 = bits_of(bf16_to_f32(0x0001));
  const std::uint32_t from_f64 = bits_of(f64_to_f32(std::bit_cast<std::uint64_t>(0x1p-140)));
  const std::uint16_t to_bf16 = f32_to_bf16(std::bit_cast<float>(0x0003'0000u));
  _mm_setcsr(saved);
  EXPECT_EQ(from_bf16, 0x0001'0000u);
  EXPECT_EQ(from_f64, 1u << 9);
  EXPECT_EQ(to_bf16, 3);
}
#endif

TEST(FloatConversion, FindsTheFirstNotFinite) {
  for (const std::size_t size : {0u, 1u, 63u, 4096u, 4097u, 10'000u}) {
    std::vector<float> values(size, 3.4e38F);
    EXPECT_EQ(first_not_finite(values), size);
    for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
      if (at >= size) continue;
      std::vector<float> copy = values;
      copy[at] = std::numeric_limits<float>::quiet_NaN();
      copy.back() = -std::numeric_limits<float>::infinity();
      EXPECT_EQ(first_not_finite(copy), at);
    }
  }
}

}  // namespace
}  // namespace mobileclip
