// From float32 activations to the rounded operands of a product. Included through kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

/// Calls write(from, to) for every 16 values of `a`, from [k/16][rows][16], where they go in an operand of values of
/// type T, and clears the operand's padding.
template <typename T, typename Write>
static void for_each_block(const float* a, std::size_t stride, std::size_t rows, std::size_t k, T* out,
                           const Write& write) {
  constexpr std::size_t kDepth = kOperandBlock<T>;
  const std::size_t padded = (rows + kTileRows - 1) / kTileRows * kTileRows;
  for (std::size_t kb = 0; kb < k; kb += kDepth, out += padded * kDepth) {
    const std::size_t filled = k - kb < kDepth ? k - kb : kDepth;
    for (std::size_t i = 0; i < filled; i += kBlock, a += stride) {
      for (std::size_t row = 0; row < rows; ++row) write(a + row * kBlock, out + row * kDepth + i, row);
    }
    if (filled < kDepth) {
      for (std::size_t row = 0; row < rows; ++row) __builtin_memset(out + row * kDepth + filled, 0, (kDepth - filled) * sizeof(T));
    }
    __builtin_memset(out + rows * kDepth, 0, (padded - rows) * kDepth * sizeof(T));
  }
}

/// The compiler vectorises the rounding.
static void round_to_bf16(const float* a, std::size_t stride, std::size_t rows, std::size_t k, Bf16* out) {
  for_each_block(a, stride, rows, k, out, [](const float* from, Bf16* to, std::size_t /*row*/) {
    for (std::size_t i = 0; i < kBlock; ++i) to[i] = to_bf16(from[i]);
  });
}

static void split_to_bf16(const float* a, std::size_t stride, std::size_t rows, std::size_t k, Bf16* hi, Bf16* lo) {
  round_to_bf16(a, stride, rows, k, hi);
  for_each_block(a, stride, rows, k, lo, [](const float* from, Bf16* to, std::size_t /*row*/) {
    for (std::size_t i = 0; i < kBlock; ++i) to[i] = low_bf16(from[i]);
  });
}

static void quantize_rows(const float* a, std::size_t stride, std::size_t rows, std::size_t k, std::uint8_t* out,
                          float* scale, float* zero) {
  constexpr std::size_t kDepth = kOperandBlock<std::uint8_t>;
  const std::size_t padded = (rows + kTileRows - 1) / kTileRows * kTileRows;
  for (std::size_t row = 0; row < rows; ++row) {
    const float* from = a + row * kBlock;
    Vec low = set1(0.0F);
    Vec high = set1(0.0F);
    for (std::size_t kb = 0; kb < k; kb += kBlock) {
      for (std::size_t lane = 0; lane < kBlock; lane += kLanes) {
        const Vec v = load(from + kb / kBlock * stride + lane);
        low = min(low, v);
        high = max(high, v);
      }
    }
    float lanes[2][kLanes];
    store(lanes[0], low);
    store(lanes[1], high);
    float least = 0.0F;
    float greatest = 0.0F;
    for (int i = 0; i < kLanes; ++i) {
      least = lanes[0][i] < least ? lanes[0][i] : least;
      greatest = lanes[1][i] > greatest ? lanes[1][i] : greatest;
    }
    const float range = greatest - least;
    const float steps = range > 1e-30F ? 255.0F / range : 0.0F;  // what is next to nothing becomes zeros
    scale[row] = range / 255.0F;
    zero[row] = __builtin_rintf(-least * steps);
    const Vec per_unit = set1(steps);
    const Vec offset = set1(zero[row]);
    for (std::size_t kb = 0; kb < k; kb += kBlock) {
      std::uint8_t* to = out + kb / kDepth * padded * kDepth + row * kDepth + kb % kDepth;
      for (std::size_t lane = 0; lane < kBlock; lane += kLanes) {
        store_bytes(to + lane, fma(load(from + kb / kBlock * stride + lane), per_unit, offset));
      }
    }
    if (k % kDepth != 0) {
      __builtin_memset(out + k / kDepth * padded * kDepth + row * kDepth + k % kDepth, 0, kDepth - k % kDepth);
    }
  }
  for (std::size_t kb = 0; kb < k; kb += kDepth) {
    __builtin_memset(out + kb * padded + rows * kDepth, 0, (padded - rows) * kDepth);
  }
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
