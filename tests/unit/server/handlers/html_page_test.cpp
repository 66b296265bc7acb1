#include "server/handlers/html_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

TEST(HtmlPage, HashesWhatStandsInItsScriptAndItsStyle) {
  const Response page = html_page("<style>abc</style><script>alert('Hello, world.');</script>");
  const std::string policy(page.headers.find("Content-Security-Policy").value_or(""));
  // The script's hash is the example of CSP's specification, the style's FIPS 180's for "abc".
  EXPECT_THAT(policy, ::testing::HasSubstr("script-src 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"));
  EXPECT_THAT(policy, ::testing::HasSubstr("style-src 'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0='"));
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
}

}  // namespace
}  // namespace mobileclip::server
