#include "engine/models/encoders/pooling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace mobileclip {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;

/// Two channels of five tokens; the text under test has the middle three.
class PoolingTest : public ::testing::Test {
 protected:
  PoolingTest() {
    const float first[] = {100, 1, -4, 3, 100};
    const float second[] = {100, 2, 2, -1, 100};
    for (std::size_t row = 0; row < 5; ++row) {
      values_[16 * row] = first[row];
      values_[16 * row + 1] = second[row];
    }
  }
  std::vector<float> pooled(const PoolingConfig& config, int prompt = 0) {
    std::vector<float> out(2 * config.modes.size());
    pool(config, {.data = values_.data(), .channels = 16, .rows = 5}, {.begin = 1, .end = 4, .prompt = prompt}, 2, out);
    return out;
  }
  std::vector<float> values_ = std::vector<float>(5 * 16);
};

TEST_F(PoolingTest, EveryMode) {
  EXPECT_THAT(pooled({.modes = {Pooling::kCls}}), ElementsAre(1, 2));
  EXPECT_THAT(pooled({.modes = {Pooling::kLastToken}}), ElementsAre(3, -1));
  EXPECT_THAT(pooled({.modes = {Pooling::kMax}}), ElementsAre(3, 2));
  EXPECT_THAT(pooled({.modes = {Pooling::kMean}}), ElementsAre(FloatEq(0), FloatEq(1)));
  EXPECT_THAT(pooled({.modes = {Pooling::kMeanSqrtLen}}), ElementsAre(FloatEq(0), FloatEq(3 / std::sqrt(3.0F))));
  EXPECT_THAT(pooled({.modes = {Pooling::kWeightedMean}}), ElementsAre(FloatEq(2.0F / 6), FloatEq(3.0F / 6)));
}

TEST_F(PoolingTest, SeveralModesAreConcatenated) {
  EXPECT_THAT(pooled({.modes = {Pooling::kCls, Pooling::kMax}}), ElementsAre(1, 2, 3, 2));
}

TEST_F(PoolingTest, ThePromptsTokensAreLeftOut) {
  EXPECT_THAT(pooled({.modes = {Pooling::kMean}}, 1), ElementsAre(FloatEq(-0.5F), FloatEq(0.5F)));
  EXPECT_THAT(pooled({.modes = {Pooling::kWeightedMean}}, 1), ElementsAre(FloatEq(1.0F / 5), FloatEq(1.0F / 5)));
  EXPECT_THAT(pooled({.modes = {Pooling::kCls}}, 1), ElementsAre(1, 2));
}

}  // namespace
}  // namespace mobileclip
