#include "server/handlers/cosine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

using ::testing::ElementsAre;

TEST(Cosine, OfEachRowWithEachColumn) {
  const proto::Matrix matrix = cosine_matrix({{3, 4}, {0, 0}}, {{6, 8}, {-3, -4}, {4, -3}});
  EXPECT_EQ(matrix.rows, 2u);
  EXPECT_EQ(matrix.columns, 3u);
  EXPECT_THAT(matrix.values, ElementsAre(1, -1, 0, 0, 0, 0));
}

TEST(Cosine, NeitherOverflowsNorUnderflows) {
  EXPECT_THAT(cosine_matrix({{3e38f, 3e38f}}, {{3e38f, 3e38f}}).values, ElementsAre(1));
  EXPECT_THAT(cosine_matrix({{1e-38f, 1e-38f}}, {{1e-38f, 1e-38f}}).values, ElementsAre(1));
}

TEST(Softmax, OverEachRow) {
  const proto::Matrix cosines{.rows = 2, .columns = 2, .values = {1, 1, 1, -1}};
  const proto::Matrix probabilities = softmax_rows(cosines, 100);
  EXPECT_THAT(probabilities.values, ElementsAre(0.5f, 0.5f, 1, ::testing::FloatNear(0, 1e-30f)));
}

}  // namespace
}  // namespace mobileclip::server
