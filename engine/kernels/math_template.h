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

static inline Vec sigmoid(Vec x) {
  const Vec e = exp(min(sub(set1(0.0F), x), set1(87.0F)));
  return div(set1(1.0F), add(set1(1.0F), e));
}

/// Within 3 ulp: near 0, where 1 - 2 / (e^2x + 1) would cancel, the odd polynomial of Cephes' tanhf (|x| < 0.625).
static inline Vec tanh(Vec x) {
  const Vec magnitude = max(x, sub(set1(0.0F), x));
  const Vec e = exp(min(add(magnitude, magnitude), set1(87.0F)));
  const Vec far = sub(set1(1.0F), div(set1(2.0F), add(e, set1(1.0F))));
  const Vec s = mul(x, x);
  Vec p = set1(-5.70498872745e-3F);
  p = fma(p, s, set1(2.06390887954e-2F));
  p = fma(p, s, set1(-5.37397155531e-2F));
  p = fma(p, s, set1(1.33314422036e-1F));
  p = fma(p, s, set1(-3.33332819422e-1F));
  const Vec near = fma(mul(x, s), p, x);
  const Vec signed_far = select_less(x, set1(0.0F), sub(set1(0.0F), far), far);
  return select_less(magnitude, set1(0.625F), near, signed_far);
}

/// x/2 (1 + tanh(y)) is x sigmoid(2y).
static inline Vec gelu_tanh(Vec x) {
  const Vec cubic = fma(mul(mul(x, x), x), set1(0.044715F), x);
  return mul(x, sigmoid(mul(cubic, set1(1.59576912F))));
}

// What the products do to a value before they write it: one type an activation, so that each is compiled into its loop,
// and one that tells the uncommon ones apart when it runs.
struct Identity {
  Vec operator()(Vec x) const { return x; }
};
struct Gelu {
  Vec operator()(Vec x) const { return gelu(x); }
};
struct Relu {
  Vec operator()(Vec x) const { return max(x, set1(0.0F)); }
};
struct Uncommon {
  Activation activation;
  __attribute__((noinline)) Vec operator()(Vec x) const {
    switch (activation) {
      case Activation::kGeluTanh:
        return gelu_tanh(x);
      case Activation::kQuickGelu:
        return mul(x, sigmoid(mul(x, set1(1.702F))));
      case Activation::kSilu:
        return mul(x, sigmoid(x));
      case Activation::kSigmoid:
        return sigmoid(x);
      case Activation::kTanh:
        return tanh(x);
      case Activation::kNone:
      case Activation::kGelu:
      case Activation::kRelu:
        break;
    }
    return x;
  }
};

/// body(act) with the type that does `activation`.
template <typename Body>
static inline void with_activation(Activation activation, Body body) {
  if (activation == Activation::kNone) {
    body(Identity{});
  } else if (activation == Activation::kGelu) {
    body(Gelu{});
  } else if (activation == Activation::kRelu) {
    body(Relu{});
  } else {
    body(Uncommon{activation});
  }
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
