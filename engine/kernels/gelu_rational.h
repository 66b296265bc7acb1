// GELU for instruction sets without wide table look-ups, for the including file's namespace MOBILECLIP_ISA.
// No include guard on purpose: see kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

/// Exact GELU, x/2 (1 + erf(x / sqrt 2)). erf(z) = z P(z²)/Q(z²) on |z| < 4, fitted for least absolute error
/// (2e-8 in exact arithmetic, 4.5e-7 as evaluated here), and ±1 beyond, where float32 knows no difference.
static inline Vec gelu(Vec x) {
  const Vec z = mul(x, set1(0.707106781F));
  const Vec s = mul(z, z);
  Vec p = set1(1.9748259e-06F);
  p = fma(p, s, set1(0.0002880413F));
  p = fma(p, s, set1(0.004003652F));
  p = fma(p, s, set1(0.053467497F));
  p = fma(p, s, set1(0.19624916F));
  p = fma(p, s, set1(1.128379F));
  Vec q = set1(3.748081e-05F);
  q = fma(q, s, set1(0.0012163608F));
  q = fma(q, s, set1(0.015444435F));
  q = fma(q, s, set1(0.1164765F));
  q = fma(q, s, set1(0.50725245F));
  q = fma(q, s, set1(1.0F));
  const Vec half = mul(x, set1(0.5F));
  const Vec inside = fma(half, div(mul(z, p), q), half);
  return select_less(s, set1(16.0F), inside, max(x, set1(0.0F)));
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
