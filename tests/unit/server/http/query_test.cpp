#include "server/http/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Query, DecodesPairsInOrder) {
  EXPECT_THAT(*parse_query(""), ElementsAre());
  EXPECT_THAT(*parse_query("a=1&b=%C3%A9+x&a=2&&c&d=&=e&f=g=h"),
              ElementsAre(Pair("a", "1"), Pair("b", "\xC3\xA9 x"), Pair("a", "2"), Pair("c", ""), Pair("d", ""),
                          Pair("", "e"), Pair("f", "g=h")));
  EXPECT_THAT(*parse_query("%61%3D=%26"), ElementsAre(Pair("a=", "&")));
}

TEST(Query, RefusesBrokenEscapes) {
  for (const char* bad : {"%", "a=%", "a=%4", "a=%4&b", "a=%zz", "a=%-1", "a=%+1", "%0x=1"})
    EXPECT_FALSE(parse_query(bad).ok()) << bad;
}

TEST(Query, PlusIsASpaceInFormsOnly) {
  EXPECT_EQ(percent_decode("a+b%2B", SpaceAs::kPlusToo), "a b+");
  EXPECT_EQ(percent_decode("a+b%20", SpaceAs::kPercent), "a+b ");
  EXPECT_FALSE(percent_decode("%2", SpaceAs::kPercent));
}

}  // namespace
}  // namespace mobileclip::server
