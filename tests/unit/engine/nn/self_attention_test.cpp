#include "engine/nn/self_attention.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/support/random.h"
#include "tests/unit/engine/nn/layer_fixture.h"

namespace mobileclip {
namespace {

using testing::random_floats;

constexpr int kHeads = 2;
constexpr int kHeadDim = 16;
constexpr int kChannels = kHeads * kHeadDim;
constexpr float kScale = 0.3F;

double bias_of(int head, int query, int key) { return 0.1 * (head + 1) * std::sin(query - 2.0 * key); }

/// A bias by positions, written through the interface that layers use.
class SineBias final : public ScoreBias {
 public:
  void fill(const kernels::Kernels& /*kernels*/, const ScoreTile& tile, float* scratch) const override {
    for (int i = 0; i < tile.query_count; ++i) {
      for (int j = 0; j < (tile.key_count + 15) / 16 * 16; ++j) {
        const double bias = j < tile.key_count ? bias_of(tile.head, tile.query_begin + i, tile.key_begin + j) : 0;
        tile.row(j / 16, i)[j % 16] = static_cast<float>(bias);
      }
    }
    scratch[scratch_floats(tile.query_count, tile.key_count) - 1] = 1;  // its own, to the end
  }
  [[nodiscard]] std::size_t scratch_floats(int queries, int keys) const override {
    return static_cast<std::size_t>(queries + keys);
  }
};

class SelfAttention : public Layers {
 protected:
  /// Runs and compares with plain loops.
  void check(const std::vector<int>& lengths, int window, const ScoreBias* bias) {
    std::vector<int> begins{0};
    for (const int length : lengths) begins.push_back(begins.back() + length);
    const int rows = begins.back();
    const auto q = random_floats(static_cast<std::size_t>(kChannels * rows), 1);
    const auto k = random_floats(static_cast<std::size_t>(kChannels * rows), 2);
    const auto v = random_floats(static_cast<std::size_t>(kChannels * rows), 3);
    auto bq = to_blocked(q, kChannels, rows);
    auto bk = to_blocked(k, kChannels, rows);
    auto bv = to_blocked(v, kChannels, rows);
    std::vector<float> y(bq.size());
    const SelfAttentionShape shape{
        .heads = kHeads, .head_dim = kHeadDim, .scale = kScale, .row_begins = begins, .window = window, .bias = bias};
    ASSERT_LE(self_attention_scratch_per_worker(shape, *std::ranges::max_element(lengths)), kScratch);
    self_attention(context(backwards_), shape, {bq.data(), kChannels, rows}, {bk.data(), kChannels, rows},
                   {bv.data(), kChannels, rows}, {y.data(), kChannels, rows});
    const auto value = [&](const std::vector<float>& x, int channel, int row) {
      return double{x[static_cast<std::size_t>(channel * rows + row)]};
    };
    for (std::size_t s = 0; s < lengths.size(); ++s) {
      for (int head = 0; head < kHeads; ++head) {
        for (int i = 0; i < lengths[s]; ++i) {
          std::vector<double> weights(static_cast<std::size_t>(lengths[s]));
          for (int j = 0; j < lengths[s]; ++j) {
            if (std::abs(i - j) > window) continue;
            double score = 0;
            for (int c = head * kHeadDim; c < (head + 1) * kHeadDim; ++c)
              score += kScale * value(q, c, begins[s] + i) * value(k, c, begins[s] + j);
            weights[static_cast<std::size_t>(j)] = std::exp(score + (bias ? bias_of(head, i, j) : 0));
          }
          const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
          for (int c = head * kHeadDim; c < (head + 1) * kHeadDim; ++c) {
            double expected = 0;
            for (int j = 0; j < lengths[s]; ++j)
              expected += weights[static_cast<std::size_t>(j)] / sum * value(v, c, begins[s] + j);
            ASSERT_NEAR(at(y, rows, c, begins[s] + i), expected, 1e-5)
                << "sequence " << s << ", query " << i << ", channel " << c;
          }
        }
      }
    }
  }
};

TEST_F(SelfAttention, SequencesOfAnyLengthMatchPlainLoops) { check({1, 17, 300, 2}, INT_MAX, nullptr); }

TEST_F(SelfAttention, AWindowHidesWhatIsFartherAway) {
  check({40, 3}, 8, nullptr);
  check({300, 150}, 64, nullptr);
  check({9}, 200, nullptr);
}

TEST_F(SelfAttention, ABiasIsAddedToTheScaledScores) {
  const SineBias bias;
  check({33, 5, 140}, INT_MAX, &bias);
}

TEST_F(SelfAttention, TheOutputMayTakeThePlaceOfTheQueries) {
  const std::vector<int> begins{0, 20, 170};
  const int rows = begins.back();
  auto q = random_floats(static_cast<std::size_t>(kChannels * rows), 4);
  auto k = random_floats(static_cast<std::size_t>(kChannels * rows), 5);
  auto v = random_floats(static_cast<std::size_t>(kChannels * rows), 6);
  std::vector<float> y(q.size());
  const SelfAttentionShape shape{.heads = kHeads, .head_dim = kHeadDim, .scale = kScale, .row_begins = begins};
  const Blocked queries{q.data(), kChannels, rows};
  const Blocked keys{k.data(), kChannels, rows};
  const Blocked values{v.data(), kChannels, rows};
  self_attention(context(backwards_), shape, queries, keys, values, {y.data(), kChannels, rows});
  self_attention(context(serial_), shape, queries, keys, values, queries);
  EXPECT_EQ(q, y);
}

}  // namespace
}  // namespace mobileclip
