// The layers against plain loops over ordinary row-major tensors, with work spread over tasks in an awkward order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/nn/attention.h"
#include "engine/nn/depthwise_conv2d.h"
#include "engine/nn/mlp.h"
#include "engine/nn/patch_conv2d.h"
#include "engine/nn/squeeze_excite.h"
#include "engine/nn/stem_conv2d.h"
#include "tests/support/random.h"
#include "tests/unit/engine/nn/layer_fixture.h"

namespace mobileclip {
namespace {

using testing::random_floats;

double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }

TEST_F(Layers, LinearMatchesPlainLoopsAndSplitsWithoutATrace) {
  const int rows = 205;
  const int in = 48;
  const int out = 272;
  const auto x = random_floats(static_cast<std::size_t>(rows * in), 1);
  const auto weight = random_floats(static_cast<std::size_t>(in * out), 2, 0.2F);
  const auto bias = random_floats(static_cast<std::size_t>(out), 3);
  const Linear linear(out, in, weight, bias);
  auto blocked = to_blocked(x, in, rows);
  std::vector<float> y(static_cast<std::size_t>(rows * out));
  std::vector<float> y_backwards(y.size());
  linear.forward(context(serial_), {blocked.data(), in, rows}, {y.data(), out, rows},
                 {.activation = Activation::kGelu});
  linear.forward(context(backwards_), {blocked.data(), in, rows}, {y_backwards.data(), out, rows},
                 {.activation = Activation::kGelu});
  EXPECT_EQ(y, y_backwards);
  for (int r = 0; r < rows; ++r) {
    for (int o = 0; o < out; ++o) {
      double sum = bias[static_cast<std::size_t>(o)];
      for (int i = 0; i < in; ++i)
        sum += double{x[static_cast<std::size_t>(i * rows + r)]} * double{weight[static_cast<std::size_t>(o * in + i)]};
      ASSERT_NEAR(at(y, rows, o, r), gelu(sum), 1e-5);
    }
  }
  std::vector<float> range(static_cast<std::size_t>(rows * 32));
  linear.forward_range(context(serial_), {.begin = 3, .end = 5}, {blocked.data(), in, rows}, {range.data(), 32, rows},
                       {.activation = Activation::kGelu});
  for (int r = 0; r < rows; ++r) {
    for (int o = 0; o < 32; ++o) ASSERT_EQ(at(range, rows, o, r), at(y, rows, 48 + o, r));
  }
}

class MlpInEachArithmetic : public Layers, public ::testing::WithParamInterface<Arithmetic> {};

INSTANTIATE_TEST_SUITE_P(Arithmetics, MlpInEachArithmetic,
                         ::testing::Values(Arithmetic::kFp32, Arithmetic::kBf16, Arithmetic::kInt8));

TEST_P(MlpInEachArithmetic, GivesTheSameBitsFusedAndUnfused) {
  const double tolerance = GetParam() == Arithmetic::kFp32 ? 2e-5 : 5e-2;
  const int channels = 32;
  const int hidden = 96;
  const auto w1 = random_floats(static_cast<std::size_t>(channels * hidden), 4, 0.3F);
  const auto w2 = random_floats(static_cast<std::size_t>(channels * hidden), 5, 0.3F);
  const auto b1 = random_floats(static_cast<std::size_t>(hidden), 6);
  const auto b2 = random_floats(static_cast<std::size_t>(channels), 7);
  const Mlp mlp(Linear(hidden, channels, w1, b1, GetParam()), Linear(channels, hidden, w2, b2, GetParam()));
  const int many = 3 * Mlp::unfused_rows() + 5;
  const int few = Mlp::unfused_rows();
  const auto x = random_floats(static_cast<std::size_t>(channels * many), 8);
  auto blocked = to_blocked(x, channels, many);
  std::vector<float> y(blocked.size());
  mlp.forward(context(backwards_), {blocked.data(), channels, many}, {y.data(), channels, many}, blocked.data(),
              nullptr);

  std::vector<float> first(static_cast<std::size_t>(channels * few));
  for (int c = 0; c < channels; ++c) {
    for (int r = 0; r < few; ++r)
      first[static_cast<std::size_t>((c / 16 * few + r) * 16 + c % 16)] = at(blocked, many, c, r);
  }
  std::vector<float> hidden_values(static_cast<std::size_t>(hidden * few));
  std::vector<float> first_y(first.size());
  mlp.forward(context(serial_), {first.data(), channels, few}, {first_y.data(), channels, few}, first.data(),
              hidden_values.data());
  for (int c = 0; c < channels; ++c) {
    for (int r = 0; r < few; ++r) ASSERT_EQ(at(first_y, few, c, r), at(y, many, c, r));
  }
  for (const int r : {0, 17, many - 1}) {
    for (int o = 0; o < channels; ++o) {
      double sum = b2[static_cast<std::size_t>(o)];
      for (int h = 0; h < hidden; ++h) {
        double inner = b1[static_cast<std::size_t>(h)];
        for (int i = 0; i < channels; ++i)
          inner += double{x[static_cast<std::size_t>(i * many + r)]} *
                   double{w1[static_cast<std::size_t>(h * channels + i)]};
        sum += gelu(inner) * double{w2[static_cast<std::size_t>(o * hidden + h)]};
      }
      ASSERT_NEAR(at(y, many, o, r), sum + double{x[static_cast<std::size_t>(o * many + r)]}, tolerance);
    }
  }
}

TEST_F(Layers, DepthwiseConv2dMatchesPlainLoopsWithPaddingStrideAndMultiplier) {
  for (const auto& [kernel, stride, multiplier, height, width] : std::vector<std::array<int, 5>>{{3, 1, 1, 9, 7},
                                                                                                 {3, 2, 1, 128, 64},
                                                                                                 {7, 1, 1, 64, 64},
                                                                                                 {7, 2, 2, 33, 33},
                                                                                                 {3, 1, 2, 8, 8},
                                                                                                 {7, 1, 1, 1, 1},
                                                                                                 {7, 1, 1, 4, 4}}) {
    const int channels = 32;
    const int outputs = channels * multiplier;
    const int pad = kernel / 2;
    const int out_height = (height + stride - 1) / stride;
    const int out_width = (width + stride - 1) / stride;
    const auto x = random_floats(static_cast<std::size_t>(channels * height * width), 9);
    const auto weight = random_floats(static_cast<std::size_t>(outputs * kernel * kernel), 10);
    const auto bias = random_floats(static_cast<std::size_t>(outputs), 11);
    const DepthwiseConv2d conv({.channels = channels, .multiplier = multiplier, .kernel = kernel, .stride = stride},
                               weight, bias);
    ASSERT_LE(conv.scratch_per_worker(width, height), kScratch);
    auto blocked = to_blocked(x, channels, height * width);
    std::vector<float> y(static_cast<std::size_t>(outputs * out_height * out_width));
    conv.forward(context(backwards_), {blocked.data(), channels, height, width},
                 {y.data(), outputs, out_height, out_width}, Activation::kNone);
    for (int ours = 0; ours < outputs; ++ours) {
      const int theirs = DepthwiseConv2d::checkpoint_channel(ours, channels, multiplier);
      for (int oy = 0; oy < out_height; ++oy) {
        for (int ox = 0; ox < out_width; ++ox) {
          double sum = bias[static_cast<std::size_t>(theirs)];
          for (int ky = 0; ky < kernel; ++ky) {
            for (int kx = 0; kx < kernel; ++kx) {
              const int iy = oy * stride + ky - pad;
              const int ix = ox * stride + kx - pad;
              if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
              sum += double{x[static_cast<std::size_t>((theirs / multiplier * height + iy) * width + ix)]} *
                     double{weight[static_cast<std::size_t>((theirs * kernel + ky) * kernel + kx)]};
            }
          }
          ASSERT_NEAR(at(y, out_height * out_width, ours, oy * out_width + ox), sum, 2e-5)
              << kernel << " " << stride << " " << multiplier;
        }
      }
    }
  }
}

TEST_F(Layers, AttentionMatchesPlainLoops) {
  for (const bool causal : {false, true}) {
    const int heads = 2;
    const int head_dim = 32;
    const int sequences = 3;
    const int tokens = 21;
    const int channels = heads * head_dim;
    const int rows = sequences * tokens;
    const auto q = random_floats(static_cast<std::size_t>(channels * rows), 12);
    const auto k = random_floats(static_cast<std::size_t>(channels * rows), 13);
    const auto v = random_floats(static_cast<std::size_t>(channels * rows), 14);
    auto bq = to_blocked(q, channels, rows);
    auto bk = to_blocked(k, channels, rows);
    auto bv = to_blocked(v, channels, rows);
    std::vector<float> y(bq.size());
    const AttentionShape shape{.heads = heads,
                               .head_dim = head_dim,
                               .sequences = sequences,
                               .tokens = tokens,
                               .queries = tokens,
                               .causal = causal};
    ASSERT_LE(attention_scratch_per_worker(shape), kScratch);
    attention(context(backwards_), shape, {bq.data(), channels, rows}, {bk.data(), channels, rows},
              {bv.data(), channels, rows}, {y.data(), channels, rows});
    for (int s = 0; s < sequences; ++s) {
      for (int h = 0; h < heads; ++h) {
        for (int i = 0; i < tokens; ++i) {
          const int seen = causal ? i + 1 : tokens;
          std::vector<double> weights(static_cast<std::size_t>(seen));
          double sum = 0;
          for (int j = 0; j < seen; ++j) {
            double dot = 0;
            for (int d = 0; d < head_dim; ++d) {
              const int c = h * head_dim + d;
              dot += double{q[static_cast<std::size_t>(c * rows + s * tokens + i)]} *
                     double{k[static_cast<std::size_t>(c * rows + s * tokens + j)]};
            }
            weights[static_cast<std::size_t>(j)] = std::exp(dot);
            sum += weights[static_cast<std::size_t>(j)];
          }
          for (int d = 0; d < head_dim; ++d) {
            const int c = h * head_dim + d;
            double expected = 0;
            for (int j = 0; j < seen; ++j)
              expected += weights[static_cast<std::size_t>(j)] / sum *
                          double{v[static_cast<std::size_t>(c * rows + s * tokens + j)]};
            ASSERT_NEAR(at(y, rows, c, s * tokens + i), expected, 1e-5);
          }
        }
      }
    }
    // One query a sequence, at a position of its own, gives the same as the whole run did there.
    const std::vector<int> positions{4, 20, 0};
    std::vector<float> one(static_cast<std::size_t>(channels * sequences));
    std::vector<float> one_y(one.size());
    for (int s = 0; s < sequences; ++s) {
      for (int c = 0; c < channels; ++c)
        one[static_cast<std::size_t>((c / 16 * sequences + s) * 16 + c % 16)] =
            at(bq, rows, c, s * tokens + positions[static_cast<std::size_t>(s)]);
    }
    AttentionShape pooled = shape;
    pooled.queries = 1;
    pooled.first_positions = positions;
    attention(context(serial_), pooled, {one.data(), channels, sequences}, {bk.data(), channels, rows},
              {bv.data(), channels, rows}, {one_y.data(), channels, sequences});
    for (int s = 0; s < sequences; ++s) {
      for (int c = 0; c < channels; ++c)
        ASSERT_EQ(at(one_y, sequences, c, s), at(y, rows, c, s * tokens + positions[static_cast<std::size_t>(s)]));
    }
  }
}

TEST_F(Layers, RaggedAttentionGivesEachSequenceWhatItGetsAlone) {
  const int heads = 2;
  const int head_dim = 16;
  const int channels = heads * head_dim;
  const std::vector<int> row_begins{0, 5, 26, 27};
  const int rows = row_begins.back();
  auto q = random_floats(static_cast<std::size_t>(channels * rows), 41);
  auto k = random_floats(static_cast<std::size_t>(channels * rows), 42);
  auto v = random_floats(static_cast<std::size_t>(channels * rows), 43);
  std::vector<float> y(q.size());
  const AttentionShape shape{.heads = heads,
                             .head_dim = head_dim,
                             .sequences = 3,
                             .tokens = 21,
                             .queries = 21,
                             .causal = true,
                             .row_begins = row_begins};
  attention(context(backwards_), shape, {q.data(), channels, rows}, {k.data(), channels, rows},
            {v.data(), channels, rows}, {y.data(), channels, rows});
  for (std::size_t s = 0; s < 3; ++s) {
    const int begin = row_begins[s];
    const int tokens = row_begins[s + 1] - begin;
    const auto rows_of = [&](const std::vector<float>& all) {
      std::vector<float> own;
      for (int b = 0; b < channels / 16; ++b) {
        const auto from = all.begin() + (b * rows + begin) * 16;
        own.insert(own.end(), from, from + tokens * 16);
      }
      return own;
    };
    auto own_q = rows_of(q);
    auto own_k = rows_of(k);
    auto own_v = rows_of(v);
    std::vector<float> own_y(own_q.size());
    const AttentionShape alone{
        .heads = heads, .head_dim = head_dim, .sequences = 1, .tokens = tokens, .queries = tokens, .causal = true};
    attention(context(serial_), alone, {own_q.data(), channels, tokens}, {own_k.data(), channels, tokens},
              {own_v.data(), channels, tokens}, {own_y.data(), channels, tokens});
    EXPECT_EQ(own_y, rows_of(y)) << "sequence " << s;
  }
}

TEST_F(Layers, PatchConv2dMatchesPlainLoops) {
  struct Case {
    int in;
    int kernel;
    int size;  // some leave pixels that fill no patch
  };
  for (const auto& [in, kernel, size] : {Case{3, 14, 100}, Case{3, 4, 24}, Case{32, 2, 9}, Case{16, 3, 3}}) {
    const int out = 48;
    const int side = size / kernel;
    const int rows = 2 + side * side;
    const auto weight = random_floats(static_cast<std::size_t>(out * in * kernel * kernel), 51, 0.1F);
    const auto bias = random_floats(static_cast<std::size_t>(out), 52);
    const auto residual = random_floats(static_cast<std::size_t>(out * rows), 53);
    const PatchConv2d conv({.out = out, .in = in, .kernel = kernel}, weight, bias);
    ASSERT_LE(conv.scratch_per_worker(), kScratch);
    std::vector<float> y(residual.size(), -7.0F);
    const PatchConv2d::Output output{
        .y = {y.data(), out, rows}, .first_row = 2, .residual = residual.data(), .activation = Activation::kRelu};
    // The input as the layer takes it, and as plain loops do: [in][size][size].
    std::vector<double> x(static_cast<std::size_t>(in * size * size));
    if (in == 3) {
      const RgbNormalization normalization({0.1F, 0.2F, 0.3F}, {0.5F, 0.6F, 0.7F});
      std::vector<std::uint8_t> rgb(x.size());
      for (std::size_t i = 0; i < rgb.size(); ++i) {
        rgb[i] = static_cast<std::uint8_t>(i * 131 % 256);
        const std::size_t c = i % 3;
        x[c * static_cast<std::size_t>(size * size) + i / 3] =
            (rgb[i] / 255.0 - 0.1 * double(c + 1)) / (0.5 + 0.1 * double(c));
      }
      conv.forward(context(backwards_), RgbInput{.pixels = rgb, .size = size, .normalization = normalization}, output);
    } else {
      const auto values = random_floats(x.size(), 54);
      std::ranges::copy(values, x.begin());
      auto blocked = to_blocked(values, in, size * size);
      conv.forward(context(backwards_), FeatureMap{blocked.data(), in, size, size}, output);
    }
    for (int o = 0; o < out; ++o) {
      EXPECT_EQ(at(y, rows, o, 1), -7.0F) << "wrote before the first row";
      for (int p = 0; p < side * side; ++p) {
        double sum = bias[static_cast<std::size_t>(o)];
        for (int c = 0; c < in; ++c) {
          for (int i = 0; i < kernel * kernel; ++i) {
            const int pixel = (p / side * kernel + i / kernel) * size + p % side * kernel + i % kernel;
            sum += x[static_cast<std::size_t>(c * size * size + pixel)] *
                   double{weight[static_cast<std::size_t>((o * in + c) * kernel * kernel + i)]};
          }
        }
        ASSERT_NEAR(at(y, rows, o, 2 + p), std::max(sum, 0.0) + double{at(residual, rows, o, 2 + p)}, 2e-5)
            << in << " channels, patches of " << kernel << ", patch " << p << ", output " << o;
      }
    }
  }
}

TEST_F(Layers, SqueezeExciteMatchesPlainLoops) {
  const int channels = 64;
  const int reduced = 16;
  const int size = 9;
  const auto w1 = random_floats(static_cast<std::size_t>(channels * reduced), 15);
  const auto w2 = random_floats(static_cast<std::size_t>(channels * reduced), 16);
  const auto b1 = random_floats(static_cast<std::size_t>(reduced), 17);
  const auto b2 = random_floats(static_cast<std::size_t>(channels), 18);
  const SqueezeExcite se(Linear(reduced, channels, w1, b1), Linear(channels, reduced, w2, b2));
  auto x = random_floats(static_cast<std::size_t>(channels * size * size), 19);
  for (float& v : x) v += 0.5F;
  auto blocked = to_blocked(x, channels, size * size);
  std::vector<float> gate(se.gate_floats());
  se.forward(context(backwards_), {blocked.data(), channels, size, size}, Activation::kNone, gate.data());
  std::vector<double> squeezed(reduced);
  for (int o = 0; o < reduced; ++o) {
    double sum = b1[static_cast<std::size_t>(o)];
    for (int c = 0; c < channels; ++c) {
      double mean = 0;
      for (int p = 0; p < size * size; ++p)
        mean += x[static_cast<std::size_t>(c * size * size + p)] / double(size * size);
      sum += mean * double{w1[static_cast<std::size_t>(o * channels + c)]};
    }
    squeezed[static_cast<std::size_t>(o)] = std::max(sum, 0.0);
  }
  for (int c = 0; c < channels; ++c) {
    double sum = b2[static_cast<std::size_t>(c)];
    for (int o = 0; o < reduced; ++o)
      sum += squeezed[static_cast<std::size_t>(o)] * double{w2[static_cast<std::size_t>(c * reduced + o)]};
    for (int p = 0; p < size * size; ++p) {
      ASSERT_NEAR(at(blocked, size * size, c, p),
                  x[static_cast<std::size_t>(c * size * size + p)] / (1 + std::exp(-sum)), 1e-5);
    }
  }
}

TEST_F(Layers, StemConv2dNormalisesAndPadsWithZeroAfterwards) {
  const int out = 32;
  const std::array<float, 3> mean{0.48F, 0.46F, 0.41F};
  const std::array<float, 3> std{0.27F, 0.26F, 0.28F};
  const auto weight = random_floats(static_cast<std::size_t>(out * 27), 20);
  const auto bias = random_floats(static_cast<std::size_t>(out), 21);
  for (const int size : {8, 7}) {
    std::vector<std::uint8_t> rgb;
    for (int i = 0; i < size * size * 3; ++i) rgb.push_back(static_cast<std::uint8_t>(i * 31 % 256));
    const StemConv2d stem(out, weight, bias, mean, std);
    const int half = (size + 1) / 2;
    std::vector<float> y(static_cast<std::size_t>(out * half * half));
    stem.forward(context(backwards_), rgb, size, {y.data(), out, half, half}, Activation::kGelu);
    for (int o = 0; o < out; ++o) {
      for (int oy = 0; oy < half; ++oy) {
        for (int ox = 0; ox < half; ++ox) {
          double sum = bias[static_cast<std::size_t>(o)];
          for (int c = 0; c < 3; ++c) {
            for (int ky = 0; ky < 3; ++ky) {
              for (int kx = 0; kx < 3; ++kx) {
                const int iy = 2 * oy + ky - 1;
                const int ix = 2 * ox + kx - 1;
                if (iy < 0 || iy >= size || ix < 0 || ix >= size) continue;
                const double v = (rgb[static_cast<std::size_t>((iy * size + ix) * 3 + c)] / 255.0 -
                                  mean[static_cast<std::size_t>(c)]) /
                                 std[static_cast<std::size_t>(c)];
                sum += v * double{weight[static_cast<std::size_t>(((o * 3 + c) * 3 + ky) * 3 + kx)]};
              }
            }
          }
          ASSERT_NEAR(at(y, half * half, o, oy * half + ox), gelu(sum), 1e-5);
        }
      }
    }
  }
}

}  // namespace
}  // namespace mobileclip
