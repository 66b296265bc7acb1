#include "server/http/media_type.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

TEST(MediaType, ReadsValueAndParameters) {
  const auto type = parse_parameterized("Multipart/Form-Data ; Boundary=\"a b\\\"c\" ;charset=UTF-8;");
  ASSERT_TRUE(type);
  EXPECT_EQ(type->value, "multipart/form-data");
  EXPECT_EQ(*type->find("boundary"), "a b\"c");
  EXPECT_EQ(*type->find("charset"), "UTF-8");
  EXPECT_EQ(type->find("other"), nullptr);
  EXPECT_EQ(parse_parameterized("form-data; name=\"C:\\dir\\x\"")->parameters[0].second, "C:\\dir\\x");
  EXPECT_EQ(parse_parameterized("application/json")->parameters.size(), 0u);
}

TEST(MediaType, RefusesOtherForms) {
  for (const char* bad : {"", ";", "a/", "/b", "a/b/c", "a b", "a/b; c", "a/b; =d", "a/b; c=", "a/b; c=\"d",
                          "a/b; c=\"d\"e", "a/b; c=d e", "a/b; c=1; C=2", "a/b, c/d"}) {
    EXPECT_FALSE(parse_parameterized(bad)) << bad;
  }
}

}  // namespace
}  // namespace mobileclip::server
