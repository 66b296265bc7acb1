// Packed-weight GEMM over the blocked activation layout. Included through kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

inline constexpr int kVecs = static_cast<int>(kBlock) / kLanes;  ///< vectors a block of 16

// float32 operands in the terms of the bfloat16 ones (load_operand, broadcast_operand, dot), one k a step.
static inline Vec load_operand(const float* p) { return load(p); }
static inline Vec broadcast_operand(const float* p) { return set1(*p); }
static inline Vec dot(Vec x, Vec w, Vec sum) { return fma(x, w, sum); }

template <typename Operand>
inline constexpr std::size_t kStep = sizeof(float) / sizeof(Operand);  ///< k that one operand vector holds

/// A register tile of `Rows` rows by `Blocks` blocks: c += a b, k ascending, so that every value has one order of sums.
template <typename Operand, int Rows, int Blocks, Activation activation>
static void gemm_tile(const BasicGemm<Operand>& g, std::size_t row, std::size_t block) {
  constexpr int kColumns = Blocks * kVecs;
  constexpr std::size_t kWidth = kStep<Operand>;
  Vec acc[Rows][kColumns];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 16
    for (int j = 0; j < kColumns; ++j) acc[r][j] = set1(0.0F);
  }
  const Operand* b = g.b + block * g.b_stride;
  const std::size_t b_stride = g.b_stride;
  const auto step = [&](const Operand* a, const Operand* bk) {
    decltype(load_operand(bk)) w[kColumns];
#pragma GCC unroll 16
    for (int j = 0; j < kColumns; ++j) {
      w[j] = load_operand(bk + static_cast<std::size_t>(j / kVecs) * b_stride +
                          static_cast<std::size_t>(j % kVecs) * kLanes * kWidth);
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const auto x = broadcast_operand(a + static_cast<std::size_t>(r) * kBlock);
#pragma GCC unroll 16
      for (int j = 0; j < kColumns; ++j) acc[r][j] = dot(x, w[j], acc[r][j]);
    }
  };
  const Operand* a = g.a + row * kBlock;
  std::size_t k = 0;
  for (; k + kBlock <= g.k; k += kBlock, a += g.a_stride, b += kBlock * kBlock) {
    for (std::size_t i = 0; i < kBlock; i += kWidth) step(a + i, b + i * kBlock);
  }
  for (std::size_t i = 0; k + i < g.k; i += kWidth) step(a + i, b + i * kBlock);

#pragma GCC unroll 16
  for (int j = 0; j < kColumns; ++j) {
    const std::size_t n = block + static_cast<std::size_t>(j / kVecs);
    const std::size_t lane = static_cast<std::size_t>(j % kVecs) * kLanes;
    const Vec bias = g.bias ? load(g.bias + n * kBlock + lane) : set1(0.0F);
    const std::size_t at = n * g.c_stride + row * kBlock + lane;
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      Vec v = activate<activation>(add(acc[r][j], bias));
      const std::size_t offset = at + static_cast<std::size_t>(r) * kBlock;
      if (g.residual) v = add(v, load(g.residual + offset));
      store(g.c + offset, v);
    }
  }
}

template <typename Operand, int Rows, int Blocks, Activation activation>
static void gemm_rows(const BasicGemm<Operand>& g, int rows, std::size_t row, std::size_t block) {
  if constexpr (Rows > 0) {
    if (rows == Rows) {
      gemm_tile<Operand, Rows, Blocks, activation>(g, row, block);
    } else {
      gemm_rows<Operand, Rows - 1, Blocks, activation>(g, rows, row, block);
    }
  }
}

template <typename Operand, Activation activation>
static void gemm_all(const BasicGemm<Operand>& g) {
  // Tiles as even as can be: 77 rows run as 6 tiles of 12 or 13 rather than 5 of 14 and one of 7.
  const std::size_t tiles = (g.rows + kGemmRows - 1) / kGemmRows;
  std::size_t block = 0;
  const auto panel = [&]<int Blocks>() {
    for (std::size_t t = 0, row = 0; t < tiles; ++t) {
      const std::size_t next = (t + 1) * g.rows / tiles;
      gemm_rows<Operand, kGemmRows, Blocks, activation>(g, static_cast<int>(next - row), row, block);
      row = next;
    }
    block += Blocks;
  };
  while (block + kGemmBlocks <= g.n_blocks) panel.template operator()<kGemmBlocks>();
  while (block < g.n_blocks) panel.template operator()<1>();
}

template <typename Operand>
static void gemm(const BasicGemm<Operand>& g) {
  switch (g.activation) {
    case Activation::kNone:
      return gemm_all<Operand, Activation::kNone>(g);
    case Activation::kGelu:
      return gemm_all<Operand, Activation::kGelu>(g);
    case Activation::kRelu:
      return gemm_all<Operand, Activation::kRelu>(g);
  }
}

/// The compiler vectorises the rounding.
static void round_to_bf16(const float* a, std::size_t stride, std::size_t rows, std::size_t k, Bf16* out) {
  for (std::size_t kb = 0; kb < k; kb += kBlock, a += stride, out += rows * kBlock) {
    for (std::size_t i = 0; i < rows * kBlock; ++i) out[i] = to_bf16(a[i]);
  }
}

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
