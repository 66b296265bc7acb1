#include "engine/kernels/self_check.h"

#include <gtest/gtest.h>

#include "tests/unit/engine/kernels/every_isa.h"

namespace mobileclip::kernels {
namespace {


TEST_P(EveryIsa, AgreesWithThePortableKernels) { EXPECT_TRUE(agrees(*kernels_, *find("portable"))); }

TEST_P(EveryIsa, IsFoundOutWhereAProductIsWrong) {
  Kernels wrong = *kernels_;
  wrong.gemm_bf16 = [](const GemmBf16& g) {
    find("portable")->gemm_bf16(g);
    g.c[g.c_stride + 5] += 1.0F;
  };
  EXPECT_FALSE(agrees(wrong, *find("portable")));
  wrong = *kernels_;
  wrong.gemm_int8 = [](const GemmInt8&, const Int8Scales&) {};
  EXPECT_FALSE(agrees(wrong, *find("portable")));
  wrong = *kernels_;
  wrong.dequantize = [](const AffinePanel& panel, float* out) {
    find("portable")->dequantize(panel, out);
    out[7] = 0.0F;
  };
  EXPECT_FALSE(agrees(wrong, *find("portable")));
  wrong = *kernels_;
  wrong.splits_fp32 = true;
  wrong.gemm_split = [](const GemmBf16& hi, const Bf16*, const Bf16*) { find("portable")->gemm_bf16(hi); };
  EXPECT_FALSE(agrees(wrong, *find("portable"))) << "bfloat16 alone passed for split float32";
}

}  // namespace
}  // namespace mobileclip::kernels
