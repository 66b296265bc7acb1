// Compiled with -mavx2 (CMakeLists.txt), so that nothing is included here that could leave a shared inline function
// built for AVX2 in the program.
#include <immintrin.h>

#include "engine/preprocess/resample_kernels.h"

namespace mobileclip {
namespace {

constexpr std::int32_t kHalf = 1 << (kCoefficientBits - 1);

/// Eight neighbouring bytes as 32 bits each.
__m256i widen(const std::uint8_t* from) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
}

/// Two taps of pixels r g b, as [r g b 0 | r g b 0] of 32 bits each, times [c0 c0 c0 c0 | c1 c1 c1 c1].
__m256i two_taps(const std::uint8_t* from, const std::int32_t* coefficients) {
  const __m256i spread = _mm256_setr_epi8(0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, -1, -1, -1, -1,  //
                                          3, -1, -1, -1, 4, -1, -1, -1, 5, -1, -1, -1, -1, -1, -1, -1);
  const __m256i lane = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  const __m256i pixels = _mm256_broadcastq_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
  const __m256i weights = _mm256_broadcastq_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(coefficients)));
  return _mm256_mullo_epi32(_mm256_shuffle_epi8(pixels, spread), _mm256_permutevar8x32_epi32(weights, lane));
}

void horizontal(const HorizontalFilter& filter, const std::uint8_t* row, std::uint8_t* to) {
  static_assert(kTapGroup == 4 && kReadAhead == 1);  // each load takes 2 bytes beyond its two pixels
  for (std::size_t x = 0; x < filter.count; ++x, to += 3) {
    const std::int32_t* coefficients = filter.coefficients + x * filter.max_taps;
    const std::uint8_t* from = row + static_cast<std::size_t>(filter.taps[x].first) * 3;
    __m256i even = _mm256_setzero_si256();
    __m256i odd = _mm256_setzero_si256();
    for (int t = 0; t < filter.taps[x].count; t += kTapGroup, from += 3 * kTapGroup, coefficients += kTapGroup) {
      even = _mm256_add_epi32(even, two_taps(from, coefficients));
      odd = _mm256_add_epi32(odd, two_taps(from + 6, coefficients + 2));
    }
    const __m256i both = _mm256_add_epi32(even, odd);
    __m128i sums = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
    sums = _mm_srai_epi32(_mm_add_epi32(sums, _mm_set1_epi32(kHalf)), kCoefficientBits);
    const __m128i words = _mm_packs_epi32(sums, sums);
    _mm_storeu_si32(to, _mm_packus_epi16(words, words));  // saturates to 0..255
  }
}

/// Sums to bytes, in order.
void store(const __m256i (&sums)[4], std::uint8_t* to) {
  __m256i shifted[4];
  for (int i = 0; i < 4; ++i) shifted[i] = _mm256_srai_epi32(sums[i], kCoefficientBits);
  const __m256i bytes =
      _mm256_packus_epi16(_mm256_packs_epi32(shifted[0], shifted[1]), _mm256_packs_epi32(shifted[2], shifted[3]));
  // Packing works within 128-bit halves: each group of four bytes to its place.
  const __m256i place = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permutevar8x32_epi32(bytes, place));
}

void vertical(const VerticalFilter& filter, std::size_t bytes, std::uint8_t* to) {
  constexpr std::size_t kBlock = 32;
  const std::size_t whole = bytes / kBlock * kBlock;
  for (std::size_t first = 0; first < whole; first += kBlock) {
    __m256i sums[4];
    for (__m256i& sum : sums) sum = _mm256_set1_epi32(kHalf);
    const std::uint8_t* from = filter.rows + first;
    for (std::size_t t = 0; t < filter.taps; ++t, from += filter.stride) {
      const __m256i coefficient = _mm256_set1_epi32(filter.coefficients[t]);
      for (std::size_t i = 0; i < 4; ++i) {
        sums[i] = _mm256_add_epi32(sums[i], _mm256_mullo_epi32(widen(from + 8 * i), coefficient));
      }
    }
    store(sums, to + first);
  }
  const VerticalFilter rest{filter.rows + whole, filter.stride, filter.coefficients, filter.taps};
  kPortableResampleKernels.vertical(rest, bytes - whole, to + whole);
}

}  // namespace

const ResampleKernels kAvx2ResampleKernels{"avx2", &horizontal, &vertical};

}  // namespace mobileclip
