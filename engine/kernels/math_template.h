// Elementary functions over Vec. Included through kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

/// e^x for x <= 88, relative error under 2 ulp; 0 below the normal range. Cody and Waite's reduction x = n ln2 + r,
/// |r| <= ln2 / 2, then the Taylor series of e^r to degree 7 (its remainder there is 5e-9).
static inline Vec exp(Vec x) {
  const Vec lowest = set1(-87.0F);
  const Vec n = round(mul(max(x, lowest), set1(1.44269504F)));
  Vec r = fma(n, set1(-0.693359375F), max(x, lowest));  // ln2 in two parts, the first exact in 9 bits
  r = fma(n, set1(2.12194440e-4F), r);
  Vec p = set1(1.0F / 5040);
  p = fma(p, r, set1(1.0F / 720));
  p = fma(p, r, set1(1.0F / 120));
  p = fma(p, r, set1(1.0F / 24));
  p = fma(p, r, set1(1.0F / 6));
  p = fma(p, r, set1(0.5F));
  p = fma(p, r, set1(1.0F));
  p = fma(p, r, set1(1.0F));
  return select_less(x, lowest, set1(0.0F), ldexp(p, n));
}

template <Activation activation>
static inline Vec activate(Vec x) {
  if constexpr (activation == Activation::kGelu) return gelu(x);
  if constexpr (activation == Activation::kRelu) return max(x, set1(0.0F));
  return x;
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
