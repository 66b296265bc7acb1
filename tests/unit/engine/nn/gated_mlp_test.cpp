#include "engine/nn/gated_mlp.h"

#include <cmath>

#include "tests/support/random.h"
#include "tests/unit/engine/nn/layer_fixture.h"

namespace mobileclip {
namespace {

using testing::random_floats;

using GatedMlpTest = Layers;

TEST_F(GatedMlpTest, MatchesPlainLoopsAndDoesNotDependOnTheBatch) {
  const int channels = 32;
  const int hidden = 48;
  const int rows = 101;
  const auto w1 = random_floats(static_cast<std::size_t>(2 * hidden * channels), 1, 0.3F);
  const auto b1 = random_floats(static_cast<std::size_t>(2 * hidden), 2);
  const auto w2 = random_floats(static_cast<std::size_t>(channels * hidden), 3, 0.3F);
  const auto x = random_floats(static_cast<std::size_t>(channels * rows), 4);
  const GatedMlp mlp(Linear(2 * hidden, channels, w1, b1), Linear(channels, hidden, w2, {}), Activation::kSilu);
  ASSERT_LE(mlp.scratch_per_worker(), kScratch);
  auto blocked = to_blocked(x, channels, rows);
  std::vector<float> y(blocked.size());
  mlp.forward(context(backwards_), {blocked.data(), channels, rows}, {y.data(), channels, rows}, blocked.data());
  for (int r = 0; r < rows; ++r) {
    std::vector<double> gated(static_cast<std::size_t>(hidden));
    for (int h = 0; h < hidden; ++h) {
      double value = b1[static_cast<std::size_t>(h)];
      double gate = b1[static_cast<std::size_t>(hidden + h)];
      for (int c = 0; c < channels; ++c) {
        const double in = x[static_cast<std::size_t>(c * rows + r)];
        value += in * double{w1[static_cast<std::size_t>(h * channels + c)]};
        gate += in * double{w1[static_cast<std::size_t>((hidden + h) * channels + c)]};
      }
      gated[static_cast<std::size_t>(h)] = value / (1 + std::exp(-value)) * gate;
    }
    for (int c = 0; c < channels; ++c) {
      double expected = x[static_cast<std::size_t>(c * rows + r)];
      for (int h = 0; h < hidden; ++h)
        expected += gated[static_cast<std::size_t>(h)] * double{w2[static_cast<std::size_t>(c * hidden + h)]};
      ASSERT_NEAR(at(y, rows, c, r), expected, 2e-5) << "row " << r << ", channel " << c;
    }
  }
  for (const int row : {0, 40, 100}) {
    std::vector<float> one(static_cast<std::size_t>(channels));
    for (int c = 0; c < channels; ++c) one[static_cast<std::size_t>(c)] = at(blocked, rows, c, row);
    std::vector<float> one_y(one.size());
    mlp.forward(context(serial_), {one.data(), channels, 1}, {one_y.data(), channels, 1}, one.data());
    for (int c = 0; c < channels; ++c) ASSERT_EQ(one_y[static_cast<std::size_t>(c)], at(y, rows, c, row));
  }
}

}  // namespace
}  // namespace mobileclip
