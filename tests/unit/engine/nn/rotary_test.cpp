#include "engine/nn/rotary.h"

#include <cmath>

#include "tests/support/random.h"
#include "tests/unit/engine/nn/layer_fixture.h"

namespace mobileclip {
namespace {

using testing::random_floats;

using RotaryTest = Layers;

TEST_F(RotaryTest, TurnsElementIWithElementIPlusHalfByPositionInItsOwnSequence) {
  const int heads = 2;
  const int head_dim = 24;  // takes 32 channels
  const int channels = heads * 32;
  const double theta = 10'000;
  const std::vector<int> begins{0, 3, 12};
  const int rows = begins.back();
  const auto x = random_floats(static_cast<std::size_t>(channels * rows), 1);
  auto y = to_blocked(x, channels, rows);
  RotaryEmbedding(heads, head_dim, theta, 9).forward(context(backwards_), begins, {y.data(), channels, rows});
  for (int row = 0; row < rows; ++row) {
    const int position = row < 3 ? row : row - 3;
    for (int c = 0; c < channels; ++c) {
      const int i = c % 32;
      const auto in = [&](int channel) { return double{x[static_cast<std::size_t>(channel * rows + row)]}; };
      double expected = in(c);  // what fills a head up stays
      if (i < head_dim) {
        const int pair = i % (head_dim / 2);
        const double angle = position * std::pow(theta, -2.0 * pair / head_dim);
        expected = i < head_dim / 2 ? in(c)*std::cos(angle) - in(c + head_dim / 2) * std::sin(angle)
                                    : in(c)*std::cos(angle) + in(c - head_dim / 2) * std::sin(angle);
      }
      ASSERT_NEAR(at(y, rows, c, row), expected, 1e-6) << "row " << row << ", channel " << c;
    }
  }
}

}  // namespace
}  // namespace mobileclip
