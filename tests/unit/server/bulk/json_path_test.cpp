#include "server/bulk/json_path.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

TEST(JsonPath, EscapesWhatJsonMust) {
  EXPECT_EQ(json_path("a/b c.jpg"), R"("a/b c.jpg")");
  EXPECT_EQ(json_path("\"q\" \\ \n\x7f"), R"("\"q\" \\ \u000a\u007f")");
  EXPECT_EQ(json_path("\xC3\xA9\xE2\x82\xAC"), "\"\xC3\xA9\xE2\x82\xAC\"");
  EXPECT_EQ(json_path(""), R"("")");
}

TEST(JsonPath, BytesThatAreNoUtf8AreSurrogates) {  // os.fsdecode(b"...") in Python
  EXPECT_EQ(json_path("caf\xE9.jpg"), R"("caf\udce9.jpg")");
  EXPECT_EQ(json_path("\xFF\xC3"), R"("\udcff\udcc3")");
  EXPECT_EQ(json_path("\xED\xA0\x80"), R"("\udced\udca0\udc80")");  // a surrogate in UTF-8 is none
}

}  // namespace
}  // namespace mobileclip::server
