// Every kernel, written once over the including file's Vec, for the namespace MOBILECLIP_ISA.
// No include guard on purpose: each isa_*.cpp includes it once, after its own Vec.
#include "engine/kernels/math_template.h"

// These use the above.
#include "engine/kernels/affine_template.h"
#include "engine/kernels/depthwise_template.h"
#include "engine/kernels/gemm_template.h"
#include "engine/kernels/operand_template.h"
#include "engine/kernels/rowwise_template.h"

namespace mobileclip::kernels::MOBILECLIP_ISA {

constexpr Kernels make_table(const char* isa, bool fast_bf16 = false) {
  return {.isa = isa,
          .splits_fp32 = false,
          .fast_bf16 = fast_bf16,
          .gemm = &gemm<float>,
          .gemm_bf16 = &gemm<Bf16>,
          .gemm_split = nullptr,
          .gemm_int8 = &gemm_int8,
          .round_to_bf16 = &round_to_bf16,
          .split_to_bf16 = &split_to_bf16,
          .quantize_rows = &quantize_rows,
          .dequantize = &dequantize,
          .dequantize_bf16 = &dequantize_bf16,
          .dequantize_split = &dequantize_split,
          .depthwise3x3 = &depthwise<3, 1>,
          .depthwise3x3_stride2 = &depthwise<3, 2>,
          .depthwise7x7 = &depthwise<7, 1>,
          .depthwise7x7_stride2 = &depthwise<7, 2>,
          .layer_norm = &layer_norm,
          .softmax = &softmax,
          .scale_block = &scale_block,
          .mean_block = &mean_block,
          .pack_transposed = &pack_transposed};
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
