// Products of rounded operands by AMX tiles, over the including file's `Tiles`: the hardware's in isa_amx.cpp, a scalar
// emulation of it in tests/support/amx_emulation.cpp, so that all but the instructions themselves is tested everywhere.
//
// A tile is 16 rows of 64 bytes. Of a: 16 rows of an operand block. Of b: 16 groups of neighbouring k by 16 outputs, a
// contiguous KiB of the packed weights. Of the sums: 16 rows by 16 outputs in float32 or int32.
//   Tiles::clear<I, J>()      sums (I, J) = 0
//   Tiles::load_a<I>(p)       a tile I from p, a KiB
//   Tiles::load_b<J>(p)       b tile J from p, a KiB
//   Tiles::dot<A, I, J>()     sums (I, J) += a tile I · b tile J, of values of type A
//   Tiles::store<I, J>(p)     sums (I, J) to p, a KiB
// No include guard on purpose: see kernel_templates.h, which goes before.
namespace mobileclip::kernels::MOBILECLIP_ISA {

/// The lower halves of split operands, laid out as the upper ones; null where operands are not split.
struct LowHalves {
  const Bf16* a = nullptr;
  const Bf16* b = nullptr;
};

template <typename A>
struct SumOf {
  using Type = float;
};
template <>
struct SumOf<std::uint8_t> {
  using Type = std::int32_t;
};

/// Loads up to 2 x 2 tiles of a and b and adds their products to the sums.
template <int RowTiles, int Columns, typename A, typename B>
static inline void add_products(Tiles& tiles, const A* a, const B* b, std::size_t b_stride) {
  tiles.template load_b<0>(b);
  tiles.template load_a<0>(a);
  tiles.template dot<A, 0, 0>();
  if constexpr (Columns == 2) {
    tiles.template load_b<1>(b + b_stride);
    tiles.template dot<A, 0, 1>();
  }
  if constexpr (RowTiles == 2) {
    tiles.template load_a<1>(a + kTileRows * kOperandBlock<A>);
    tiles.template dot<A, 1, 0>();
    if constexpr (Columns == 2) tiles.template dot<A, 1, 1>();
  }
}

template <int I, int J, typename Act, typename A, typename B>
static inline void write_back_tile(const BasicGemm<A, B>& g, Act act, const Int8Scales* scales, Tiles& tiles,
                                   std::size_t row, std::size_t block) {
  alignas(64) typename SumOf<A>::Type sums[kTileRows][kBlock];
  tiles.template store<I, J>(sums);
  const std::size_t count = g.rows - row < kTileRows ? g.rows - row : kTileRows;
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t lane = 0; lane < kBlock; lane += kLanes) {
      const std::size_t n = block * kBlock + lane;
      write_back(g, act, product(load_sums(&sums[r][lane]), scales, row + r, n), row + r, n);
    }
  }
}

/// RowTiles x Columns tiles of the output; k ascending, so that every value has one order of sums.
template <int RowTiles, int Columns, typename Act, typename A, typename B>
static void amx_block(const BasicGemm<A, B>& g, Act act, const Int8Scales* scales, const LowHalves& low, Tiles& tiles,
                      std::size_t row, std::size_t block) {
  constexpr std::size_t kDepth = kOperandBlock<A>;
  tiles.template clear<0, 0>();
  if constexpr (Columns == 2) tiles.template clear<0, 1>();
  if constexpr (RowTiles == 2) tiles.template clear<1, 0>();
  if constexpr (RowTiles == 2 && Columns == 2) tiles.template clear<1, 1>();
  const std::size_t a_at = row * kDepth;
  const std::size_t b_at = block * g.b_stride;
  for (std::size_t kb = 0; kb * kDepth < g.k; ++kb) {
    const std::size_t a_offset = a_at + kb * g.a_stride;
    const std::size_t b_offset = b_at + kb * kDepth * kBlock;
    add_products<RowTiles, Columns>(tiles, g.a + a_offset, g.b + b_offset, g.b_stride);
    if constexpr (sizeof(A) == sizeof(Bf16)) {
      if (low.a) {
        add_products<RowTiles, Columns>(tiles, g.a + a_offset, low.b + b_offset, g.b_stride);
        add_products<RowTiles, Columns>(tiles, low.a + a_offset, g.b + b_offset, g.b_stride);
      }
    }
  }
  write_back_tile<0, 0>(g, act, scales, tiles, row, block);
  if constexpr (Columns == 2) write_back_tile<0, 1>(g, act, scales, tiles, row, block + 1);
  if constexpr (RowTiles == 2) write_back_tile<1, 0>(g, act, scales, tiles, row + kTileRows, block);
  if constexpr (RowTiles == 2 && Columns == 2) {
    write_back_tile<1, 1>(g, act, scales, tiles, row + kTileRows, block + 1);
  }
}

template <typename Act, typename A, typename B>
static void amx_all(const BasicGemm<A, B>& g, Act act, const Int8Scales* scales, const LowHalves& low) {
  Tiles tiles;
  const auto panel = [&]<int Columns>(std::size_t block) {
    std::size_t row = 0;
    for (; row + kTileRows < g.rows; row += 2 * kTileRows) {
      amx_block<2, Columns>(g, act, scales, low, tiles, row, block);
    }
    if (row < g.rows) amx_block<1, Columns>(g, act, scales, low, tiles, row, block);
  };
  std::size_t block = 0;
  for (; block + 2 <= g.n_blocks; block += 2) panel.template operator()<2>(block);
  if (block < g.n_blocks) panel.template operator()<1>(block);
}

template <typename A, typename B>
static void amx_gemm(const BasicGemm<A, B>& g, const Int8Scales* scales, const LowHalves& low) {
  with_activation(g.activation, [&](auto act) { amx_all(g, act, scales, low); });
}

static void amx_gemm_bf16(const GemmBf16& g) { amx_gemm(g, nullptr, {}); }
static void amx_gemm_split(const GemmBf16& hi, const Bf16* a_lo, const Bf16* b_lo) {
  amx_gemm(hi, nullptr, {a_lo, b_lo});
}
static void amx_gemm_int8(const GemmInt8& g, const Int8Scales& scales) { amx_gemm(g, &scales, {}); }

constexpr Kernels make_amx_table(const char* isa) {
  Kernels table = make_table(isa, true);
  table.splits_fp32 = true;
  table.gemm_bf16 = &amx_gemm_bf16;
  table.gemm_split = &amx_gemm_split;
  table.gemm_int8 = &amx_gemm_int8;
  return table;
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
