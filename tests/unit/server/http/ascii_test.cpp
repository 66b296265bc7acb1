#include "server/http/ascii.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

TEST(Ascii, IgnoresCaseOfLettersOnly) {
  EXPECT_TRUE(equals_ignoring_case("Content-Length", "content-LENGTH"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_FALSE(equals_ignoring_case("\xC4", "\xE4")) << "Latin-1's letters are bytes like others";
}

TEST(Ascii, TrimsSpacesAndTabs) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(trim("\va"), "\va");
}

TEST(Ascii, ChecksCharacters) {
  EXPECT_TRUE(consists_of_alphanumerics_and("-", "aZ0-9"));
  EXPECT_FALSE(consists_of_alphanumerics_and("-", "a_b"));
  EXPECT_FALSE(consists_of_alphanumerics_and("", "\xE4"));
}

}  // namespace
}  // namespace mobileclip::server
