// From weights in MLX's affine form to the packed weights of a product, a panel at a time: it is multiplied while it
// lies in the cache, and only the packed form stays in memory. Included through kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

/// q of two neighbouring k for kLanes outputs.
struct AffinePair {
  IntVec even;
  IntVec odd;
};

template <int bits>
static inline AffinePair load_affine_pair(const std::uint8_t* q) {
  if constexpr (bits == 8) {
    return {load_bytes(q), load_bytes(q + kBlock)};
  } else {
    const IntVec bytes = load_bytes(q);
    return {low_nibbles(bytes), high_nibbles(bytes)};
  }
}

/// `depth` values of k of one group: out [depth][16].
template <int bits>
static inline void restore_affine(const std::uint8_t* q, const float* scales, const float* biases, std::size_t depth,
                                  float* out) {
  constexpr std::size_t kPairBytes = 2 * kBlock * bits / 8;
  for (std::size_t lane = 0; lane < kBlock; lane += kLanes) {
    const Vec scale = load(scales + lane);
    const Vec bias = load(biases + lane);
    for (std::size_t k = 0; k < depth; k += 2) {
      const AffinePair pair = load_affine_pair<bits>(q + k / 2 * kPairBytes + lane);
      store(out + k * kBlock + lane, fma(to_float(pair.even), scale, bias));
      store(out + (k + 1) * kBlock + lane, fma(to_float(pair.odd), scale, bias));
    }
  }
}

/// Calls take(k, values) for every kAffineDepth values of k, values [kAffineDepth][16] being where place(k) says.
template <int bits, typename Place, typename Take>
static inline void restore_panel(const AffinePanel& p, const Place& place, const Take& take) {
  constexpr std::size_t kStepBytes = kAffineDepth * kBlock * bits / 8;
  const std::uint8_t* q = p.q;
  for (std::size_t k = 0; k < p.k; k += kAffineDepth, q += kStepBytes) {
    const std::size_t group = k / p.group_size * kBlock;
    float* values = place(k);
    restore_affine<bits>(q, p.scales + group, p.biases + group, kAffineDepth, values);
    take(k, values);
  }
}

template <typename Place, typename Take>
static inline void restore_panel(const AffinePanel& p, const Place& place, const Take& take) {
  if (p.bits == 8) {
    restore_panel<8>(p, place, take);
  } else {
    restore_panel<4>(p, place, take);
  }
}

static void dequantize(const AffinePanel& panel, float* out) {
  restore_panel(
      panel, [out](std::size_t k) { return out + k * kBlock; }, [](std::size_t /*k*/, const float* /*values*/) {});
}

/// Two neighbouring k side by side, as words: the compiler vectorises the rounding.
template <Bf16 (*round)(float)>
static inline void pair_bf16(const float* values, Bf16* out) {
  for (std::size_t k = 0; k < kAffineDepth; k += 2, values += 2 * kBlock, out += 2 * kBlock) {
    std::uint32_t words[kBlock];
    for (std::size_t n = 0; n < kBlock; ++n) {
      words[n] = static_cast<std::uint32_t>(round(values[n])) | static_cast<std::uint32_t>(round(values[kBlock + n]))
                                                                    << 16;
    }
    __builtin_memcpy(out, words, sizeof(words));
  }
}

static void dequantize_bf16(const AffinePanel& panel, Bf16* out) {
  alignas(64) float room[kAffineDepth * kBlock];
  restore_panel(
      panel, [&room](std::size_t /*k*/) { return room; },
      [out](std::size_t k, const float* values) { pair_bf16<to_bf16>(values, out + k * kBlock); });
}

static void dequantize_split(const AffinePanel& panel, Bf16* hi, Bf16* lo) {
  alignas(64) float room[kAffineDepth * kBlock];
  restore_panel(
      panel, [&room](std::size_t /*k*/) { return room; },
      [hi, lo](std::size_t k, const float* values) {
        pair_bf16<to_bf16>(values, hi + k * kBlock);
        pair_bf16<low_bf16>(values, lo + k * kBlock);
      });
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
