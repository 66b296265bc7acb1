// Packed-weight GEMM over the blocked activation layout. Included through kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

inline constexpr int kVecs = static_cast<int>(kBlock) / kLanes;  ///< vectors a block of 16

// float32 operands in the terms of the rounded ones (load_operand, broadcast_operand, dot), one k a step.
static inline Vec load_operand(const float* p) { return load(p); }
static inline Vec broadcast_operand(const float* p) { return set1(*p); }
static inline Vec dot(Vec x, Vec w, Vec sum) { return fma(x, w, sum); }

/// What products are summed in: float32, and exact whole numbers for bytes.
template <typename A>
struct Sums {
  using Type = Vec;
  static Type zero() { return set1(0.0F); }
};
template <>
struct Sums<std::uint8_t> {
  using Type = IntVec;
  static Type zero() { return int_zero(); }
};

/// What a sum of products stands for: itself, but for bytes, whose `a` broadcast_operand gives less kByteOffset.
static inline Vec product(Vec sum, const Int8Scales* /*scales*/, std::size_t /*row*/, std::size_t /*n*/) { return sum; }
static inline Vec product(IntVec sum, const Int8Scales* scales, std::size_t row, std::size_t n) {
  const Vec shifted = fma(set1(kByteOffset - scales->row_zero[row]), load(scales->column_sum + n), to_float(sum));
  return mul(shifted, mul(set1(scales->row_scale[row]), load(scales->column_scale + n)));
}

/// The write-back of one vector: outputs n to n + kLanes of `row`.
template <typename Act, typename A, typename B>
static inline void write_back(const BasicGemm<A, B>& g, Act act, Vec v, std::size_t row, std::size_t n) {
  const std::size_t at = n / kBlock * g.c_stride + row * kBlock + n % kBlock;
  v = act(add(v, g.bias ? load(g.bias + n) : set1(0.0F)));
  if (g.residual) v = add(v, load(g.residual + at));
  store(g.c + at, v);
}

/// A register tile of `Rows` rows by `Blocks` blocks: c += a b, k ascending, so that every value has one order of sums.
template <typename A, typename B, int Rows, int Blocks, typename Act>
static void gemm_tile(const BasicGemm<A, B>& g, Act act, const Int8Scales* scales, std::size_t row, std::size_t block) {
  constexpr int kColumns = Blocks * kVecs;
  constexpr std::size_t kDepth = kOperandBlock<A>;           // k a block of a
  constexpr std::size_t kWidth = sizeof(float) / sizeof(A);  // k a step
  typename Sums<A>::Type acc[Rows][kColumns];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 16
    for (int j = 0; j < kColumns; ++j) acc[r][j] = Sums<A>::zero();
  }
  const B* b = g.b + block * g.b_stride;
  const std::size_t b_stride = g.b_stride;
  const auto step = [&](const A* a, const B* bk) {
    decltype(load_operand(bk)) w[kColumns];
#pragma GCC unroll 16
    for (int j = 0; j < kColumns; ++j) {
      w[j] = load_operand(bk + static_cast<std::size_t>(j / kVecs) * b_stride +
                          static_cast<std::size_t>(j % kVecs) * kLanes * kWidth);
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const auto x = broadcast_operand(a + static_cast<std::size_t>(r) * kDepth);
#pragma GCC unroll 16
      for (int j = 0; j < kColumns; ++j) acc[r][j] = dot(x, w[j], acc[r][j]);
    }
  };
  const A* a = g.a + row * kDepth;
  std::size_t k = 0;
  for (; k + kDepth <= g.k; k += kDepth, a += g.a_stride, b += kDepth * kBlock) {
    for (std::size_t i = 0; i < kDepth; i += kWidth) step(a + i, b + i * kBlock);
  }
  for (std::size_t i = 0; k + i < g.k; i += kWidth) step(a + i, b + i * kBlock);

#pragma GCC unroll 16
  for (int j = 0; j < kColumns; ++j) {
    const std::size_t n = block * kBlock + static_cast<std::size_t>(j) * kLanes;
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const std::size_t at = row + static_cast<std::size_t>(r);
      write_back(g, act, product(acc[r][j], scales, at, n), at, n);
    }
  }
}

template <typename A, typename B, int Rows, int Blocks, typename Act>
static void gemm_rows(const BasicGemm<A, B>& g, Act act, const Int8Scales* scales, int rows, std::size_t row,
                      std::size_t block) {
  if constexpr (Rows > 0) {
    if (rows == Rows) {
      gemm_tile<A, B, Rows, Blocks>(g, act, scales, row, block);
    } else {
      gemm_rows<A, B, Rows - 1, Blocks>(g, act, scales, rows, row, block);
    }
  }
}

template <typename Act, typename A, typename B>
static void gemm_all(const BasicGemm<A, B>& g, Act act, const Int8Scales* scales) {
  // Tiles as even as can be: 77 rows run as 6 tiles of 12 or 13 rather than 5 of 14 and one of 7.
  const std::size_t tiles = (g.rows + kGemmRows - 1) / kGemmRows;
  std::size_t block = 0;
  const auto panel = [&]<int Blocks>() {
    for (std::size_t t = 0, row = 0; t < tiles; ++t) {
      const std::size_t next = (t + 1) * g.rows / tiles;
      gemm_rows<A, B, kGemmRows, Blocks>(g, act, scales, static_cast<int>(next - row), row, block);
      row = next;
    }
    block += Blocks;
  };
  while (block + kGemmBlocks <= g.n_blocks) panel.template operator()<kGemmBlocks>();
  while (block < g.n_blocks) panel.template operator()<1>();
}

template <typename A, typename B>
static void gemm_activated(const BasicGemm<A, B>& g, const Int8Scales* scales) {
  with_activation(g.activation, [&](auto act) { gemm_all(g, act, scales); });
}

template <typename Operand>
static void gemm(const BasicGemm<Operand>& g) {
  gemm_activated(g, nullptr);
}

static void gemm_int8(const GemmInt8& g, const Int8Scales& scales) { gemm_activated(g, &scales); }

/// Straight copies: the compiler turns a 16x16 transpose of floats into what the ISA has for it.
static void pack_transposed(const float* x, std::size_t stride, std::size_t rows, std::size_t k, float* out) {
  for (std::size_t row = 0; row < rows; row += kBlock, out += k * kBlock) {
    const std::size_t count = rows - row < kBlock ? rows - row : kBlock;
    for (std::size_t kb = 0; kb < k; kb += kBlock) {
      const float* from = x + kb / kBlock * stride + row * kBlock;
      float* to = out + kb * kBlock;
      for (std::size_t i = 0; i < kBlock; ++i) {
        for (std::size_t r = 0; r < count; ++r) to[i * kBlock + r] = from[r * kBlock + i];
        for (std::size_t r = count; r < kBlock; ++r) to[i * kBlock + r] = 0.0F;
      }
    }
  }
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
