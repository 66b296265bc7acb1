// The numeric kernels of the engine, as a table of functions that each instruction set fills in.
//
// Activation layout, everywhere: channels in blocks of 16, [C/16][rows][16] float32, where a row is a pixel or a
// token. A block of one row is one cache line; a tile of rows of one block is contiguous.
//
// Order of summation: every output value is computed by one fixed sequence of operations that depends on neither the
// number of rows, nor where a row stands among them, nor how rows and blocks are split over calls. Batch invariance
// rests on this: a kernel that breaks it is wrong.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mobileclip::kernels {

inline constexpr std::size_t kBlock = 16;  ///< channels a block

enum class Activation {
  kNone,
  kGelu,  ///< exact: x/2 (1 + erf(x / sqrt 2))
  kRelu,
  // Less common, of some text encoders: these share one variant of each product, which tells them apart as it writes.
  kGeluTanh,   ///< x/2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³)))
  kQuickGelu,  ///< x sigmoid(1.702 x)
  kSilu,       ///< x sigmoid(x)
  kSigmoid,
  kTanh,
};

/// A bfloat16: the upper half of a float32.
using Bf16 = std::uint16_t;

/// Rounds to nearest even, in integers, so that every instruction set rounds alike; `value` is not NaN. Static on
/// purpose: an inline function would be one weak symbol for files compiled for different CPUs (isa_avx512.cpp).
static constexpr Bf16 to_bf16(float value) {
  const auto bits = __builtin_bit_cast(std::uint32_t, value);
  return static_cast<Bf16>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

/// What to_bf16 leaves of `value`, rounded likewise.
static constexpr Bf16 low_bf16(float value) {
  return to_bf16(value - __builtin_bit_cast(float, static_cast<std::uint32_t>(to_bf16(value)) << 16));
}

/// Values that one row of an operand block holds, a cache line of them: 16 float32, 32 bfloat16, 64 bytes.
template <typename Operand>
inline constexpr std::size_t kOperandBlock = 64 / sizeof(Operand);

/// Rounded operands (bfloat16, bytes) carry rows of zeros up to a multiple of this, the height of an AMX tile.
inline constexpr std::size_t kTileRows = 16;

/// c[n][row] = act(Σ_k a[k][row] · b[k][n] + bias[n]) + residual[n][row].
///
/// Rounded operands are padded with zeros to whole blocks of k; a kernel may read their padding, and rows of `a` up to
/// the next multiple of kTileRows.
template <typename A, typename B = A>
struct BasicGemm {
  const A* a;  ///< [k / kOperandBlock<A>][rows][kOperandBlock<A>], blocks `a_stride` values apart
  std::size_t a_stride;
  /// Packed, panels `b_stride` values apart: [n_blocks][k / g][16][g], where g neighbouring k share 4 bytes: 1 float32,
  /// 2 bfloat16, 4 bytes.
  const B* b;
  std::size_t b_stride;
  const float* bias;      ///< [n_blocks * 16], or null
  const float* residual;  ///< like c, may be c itself; or null
  float* c;               ///< [n_blocks][rows][16], blocks `c_stride` floats apart
  std::size_t c_stride;
  std::size_t rows;
  std::size_t n_blocks;
  std::size_t k;  ///< float32: any; else a multiple of 16
  Activation activation;
};
using Gemm = BasicGemm<float>;
using GemmBf16 = BasicGemm<Bf16>;
using GemmInt8 = BasicGemm<std::uint8_t, std::int8_t>;

/// What the bytes of a GemmInt8 stand for: a = (byte - zero[row]) · scale[row], b = byte · scale[n].
struct Int8Scales {
  const float* row_scale;     ///< [rows]
  const float* row_zero;      ///< [rows], whole numbers in [0, 255]
  const float* column_scale;  ///< [n_blocks * 16]
  const float* column_sum;    ///< [n_blocks * 16], Σ_k b[k][n], in bytes' units
};

/// A panel of 16 outputs of a matrix in MLX's affine form: w[k][n] = q[k][n] · scale + bias, with a scale and a bias an
/// output and group of neighbouring k.
struct AffinePanel {
  const std::uint8_t* q;   ///< 8 bits: [k][16]; 4 bits: [k / 2][16], the even k in the low half of a byte
  const float* scales;     ///< [k / group_size][16]
  const float* biases;     ///< like scales
  std::size_t k;           ///< a multiple of group_size
  std::size_t group_size;  ///< a multiple of kAffineDepth
  int bits;                ///< 4 or 8
};
inline constexpr std::size_t kAffineDepth = 32;  ///< the least group there is

/// One block of 16 channels of a depthwise convolution over an input that already carries its zero padding.
struct Depthwise {
  const float* in;       ///< [in_rows][in_width][16], the first output's window starts at in[0][0]
  std::size_t in_width;  ///< pixels a row of `in`
  float* out;            ///< [out_rows][out_width][16]
  std::size_t out_rows;
  std::size_t out_width;
  const float* weight;  ///< [kernel * kernel][16]
  const float* bias;    ///< [16]
  Activation activation;
};

/// y[c][row] = (x - mean) / sqrt(var + eps) * weight[c] + bias[c] over the channels of each row (biased variance).
/// Channels that only fill the last block up do not count; where their weight and bias are 0, so they become.
struct LayerNorm {
  const float* x;  ///< [blocks][rows][16], blocks `x_stride` floats apart
  std::size_t x_stride;
  float* y;  ///< may be x
  std::size_t y_stride;
  const float* weight;  ///< [blocks * 16]
  const float* bias;
  std::size_t rows;
  std::size_t channels;  ///< any number: ceil(channels / 16) blocks
  float eps;
};

/// Softmax over the first `columns` values of each row, in place; values past them become 0. Row r is the query at
/// position first_position + r: when causal, only columns up to that position count; with a window, only those at most
/// `window` positions away on either side.
struct Softmax {
  float* x;  ///< [ceil(columns / 16)][rows][16], blocks `stride` floats apart
  std::size_t stride;
  std::size_t rows;
  std::size_t columns;
  bool causal;
  std::size_t first_position;
  std::size_t window = SIZE_MAX;  ///< some column of every row lies in it
};

struct Kernels {
  const char* isa;   ///< "amx", "avx512bf16", "avx512vnni", "avx512", "avx2", "neonbf16", "neondotprod", "portable"
  bool splits_fp32;  ///< gemm_split beats gemm here: layers then multiply float32 that way
  bool fast_bf16;    ///< gemm_bf16 beats gemm here; elsewhere it emulates the instruction
  void (*gemm)(const Gemm&);
  void (*gemm_bf16)(const GemmBf16&);
  /// Float32 as two bfloat16 each, a = hi + lo: hi·hi + hi·lo + lo·hi, with the relative error of 2^-16 a product.
  /// `hi` holds the upper halves, a_lo and b_lo the lower ones in the same layout. Null unless splits_fp32.
  void (*gemm_split)(const GemmBf16& hi, const Bf16* a_lo, const Bf16* b_lo);
  void (*gemm_int8)(const GemmInt8&, const Int8Scales&);
  // From a [k/16][rows][16], blocks `stride` floats apart, to what the products above take as a, padding written.
  /// Rounds to nearest even.
  void (*round_to_bf16)(const float* a, std::size_t stride, std::size_t rows, std::size_t k, Bf16* out);
  /// hi + lo = a to 16 bits.
  void (*split_to_bf16)(const float* a, std::size_t stride, std::size_t rows, std::size_t k, Bf16* hi, Bf16* lo);
  /// Each row in 255 steps from its least value to its greatest, 0 among them.
  void (*quantize_rows)(const float* a, std::size_t stride, std::size_t rows, std::size_t k, std::uint8_t* out,
                        float* scale, float* zero);
  // From a panel's affine form to the b of the products above.
  void (*dequantize)(const AffinePanel&, float* out);  ///< [k][16]
  /// Rounded to nearest even: [k / 2][16][2].
  void (*dequantize_bf16)(const AffinePanel&, Bf16* out);
  /// hi + lo = w to 16 bits, laid out as for dequantize_bf16.
  void (*dequantize_split)(const AffinePanel&, Bf16* hi, Bf16* lo);
  void (*depthwise3x3)(const Depthwise&);
  void (*depthwise3x3_stride2)(const Depthwise&);
  void (*depthwise7x7)(const Depthwise&);
  void (*depthwise7x7_stride2)(const Depthwise&);
  void (*layer_norm)(const LayerNorm&);
  void (*softmax)(const Softmax&);
  /// x[row] = act(x[row] * scale) over one block: x is [rows][16], scale is [16].
  void (*scale_block)(float* x, const float* scale, std::size_t rows, Activation activation);
  /// out[16] = mean over rows of x [rows][16].
  void (*mean_block)(const float* x, std::size_t rows, float* out);
  /// out [ceil(rows / 16)][k][16] = the transpose of x [k/16][rows][16] (blocks `stride` floats apart), rows past the
  /// end as 0: what `gemm` takes as b, for products with a transposed activation.
  void (*pack_transposed)(const float* x, std::size_t stride, std::size_t rows, std::size_t k, float* out);
};

}  // namespace mobileclip::kernels
