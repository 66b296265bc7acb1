// What runs over rows: LayerNorm, softmax, and the squeeze-excite's mean and scale. Included through
// kernel_templates.h.
namespace mobileclip::kernels::MOBILECLIP_ISA {

/// Pairwise, so that the sum is as exact as 16 values allow and the same in every ISA.
static inline float sum_of_block(const float* x) {
  float half[8];
  for (int i = 0; i < 8; ++i) half[i] = x[i] + x[i + 8];
  for (int i = 0; i < 4; ++i) half[i] += half[i + 4];
  return (half[0] + half[2]) + (half[1] + half[3]);
}

static void layer_norm(const LayerNorm& n) {
  const float channels = static_cast<float>(n.channels);
  const std::size_t blocks = (n.channels + kBlock - 1) / kBlock;
  const std::size_t last = blocks - 1;
  float counts[kBlock];  // 1 for the last block's channels, 0 for what fills it up
  for (std::size_t i = 0; i < kBlock; ++i) counts[i] = last * kBlock + i < n.channels ? 1.0F : 0.0F;
  for (std::size_t row = 0; row < n.rows; ++row) {
    const float* x = n.x + row * kBlock;
    float* y = n.y + row * kBlock;
    float lanes[kBlock];
    for (std::size_t lane = 0; lane < kBlock; lane += kLanes) {
      Vec sum = set1(0.0F);
      for (std::size_t b = 0; b < last; ++b) sum = add(sum, load(x + b * n.x_stride + lane));
      sum = add(sum, mul(load(x + last * n.x_stride + lane), load(counts + lane)));
      store(lanes + lane, sum);
    }
    const Vec mean = set1(sum_of_block(lanes) / channels);
    for (std::size_t lane = 0; lane < kBlock; lane += kLanes) {  // two passes: no cancellation in the variance
      Vec sum = set1(0.0F);
      for (std::size_t b = 0; b < last; ++b) {
        const Vec d = sub(load(x + b * n.x_stride + lane), mean);
        sum = fma(d, d, sum);
      }
      const Vec d = mul(sub(load(x + last * n.x_stride + lane), mean), load(counts + lane));
      sum = fma(d, d, sum);
      store(lanes + lane, sum);
    }
    const Vec scale = set1(1.0F / __builtin_sqrtf(sum_of_block(lanes) / channels + n.eps));
    for (std::size_t b = 0; b < blocks; ++b) {
      for (std::size_t lane = 0; lane < kBlock; lane += kLanes) {
        const Vec d = mul(sub(load(x + b * n.x_stride + lane), mean), scale);
        store(y + b * n.y_stride + lane, fma(d, load(n.weight + b * kBlock + lane), load(n.bias + b * kBlock + lane)));
      }
    }
  }
}

static void softmax(const Softmax& s) {
  const std::size_t blocks = (s.columns + kBlock - 1) / kBlock;
  for (std::size_t row = 0; row < s.rows; ++row) {
    float* x = s.x + row * kBlock;
    const std::size_t position = s.first_position + row;
    const std::size_t begin = position > s.window ? position - s.window : 0;
    const std::size_t reach = s.causal ? 0 : s.window;
    const std::size_t end = s.columns > position && reach < s.columns - position - 1 ? position + reach + 1 : s.columns;
    // Columns that do not count become -1e30, so that whole blocks can be treated alike: e^-1e30 is 0.
    for (std::size_t c = 0; c < begin; ++c) x[c / kBlock * s.stride + c % kBlock] = -1e30F;
    for (std::size_t c = end; c < blocks * kBlock; ++c) x[c / kBlock * s.stride + c % kBlock] = -1e30F;
    float lanes[kBlock];
    for (std::size_t lane = 0; lane < kBlock; lane += kLanes) {
      Vec high = load(x + lane);
      for (std::size_t b = 1; b < blocks; ++b) high = max(high, load(x + b * s.stride + lane));
      store(lanes + lane, high);
    }
    float highest = lanes[0];
    for (const float v : lanes) highest = v > highest ? v : highest;
    for (std::size_t lane = 0; lane < kBlock; lane += kLanes) {
      Vec sum = set1(0.0F);
      for (std::size_t b = 0; b < blocks; ++b) {
        float* at = x + b * s.stride + lane;
        const Vec e = exp(sub(load(at), set1(highest)));
        store(at, e);
        sum = add(sum, e);
      }
      store(lanes + lane, sum);
    }
    const Vec scale = set1(1.0F / sum_of_block(lanes));
    for (std::size_t b = 0; b < blocks; ++b) {
      for (std::size_t lane = 0; lane < kBlock; lane += kLanes) {
        float* at = x + b * s.stride + lane;
        store(at, mul(load(at), scale));
      }
    }
  }
}

static void scale_block(float* x, const float* scale, std::size_t rows, Activation activation) {
  with_activation(activation, [&](auto act) {
    for (std::size_t lane = 0; lane < kBlock; lane += kLanes) {
      const Vec factor = load(scale + lane);
      for (std::size_t row = 0; row < rows; ++row) {
        float* at = x + row * kBlock + lane;
        store(at, act(mul(load(at), factor)));
      }
    }
  });
}

static void mean_block(const float* x, std::size_t rows, float* out) {
  // 64 rows a partial sum: over 16,384 pixels a single running sum would lose digits.
  for (std::size_t lane = 0; lane < kBlock; lane += kLanes) {
    Vec total = set1(0.0F);
    for (std::size_t row = 0; row < rows;) {
      Vec sum = set1(0.0F);
      const std::size_t end = row + 64 < rows ? row + 64 : rows;
      for (; row < end; ++row) sum = add(sum, load(x + row * kBlock + lane));
      total = add(total, sum);
    }
    store(out + lane, mul(total, set1(1.0F / static_cast<float>(rows))));
  }
}

}  // namespace mobileclip::kernels::MOBILECLIP_ISA
