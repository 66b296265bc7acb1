#include "server/http/message.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

RequestHead head_with(int version, std::initializer_list<std::pair<const char*, const char*>> fields) {
  RequestHead head{.method = "GET", .target = "/a?b=c?d", .version = version, .headers = {}};
  for (const auto& [name, value] : fields) head.headers.add(name, value);
  return head;
}

TEST(RequestHead, SplitsTheTargetAtTheFirstMark) {
  const RequestHead head = head_with(11, {});
  EXPECT_EQ(head.path(), "/a");
  EXPECT_EQ(head.query(), "b=c?d");
  EXPECT_EQ((RequestHead{.method = "GET", .target = "/", .headers = {}}.query()), "");
}

TEST(RequestHead, KnowsWhetherTheConnectionIsKept) {
  EXPECT_TRUE(head_with(11, {}).keep_alive());
  EXPECT_FALSE(head_with(11, {{"connection", "Close"}}).keep_alive());
  EXPECT_FALSE(head_with(11, {{"Connection", "keep-alive"}, {"Connection", "x, close"}}).keep_alive());
  EXPECT_FALSE(head_with(10, {}).keep_alive());
  EXPECT_TRUE(head_with(10, {{"Connection", "Keep-Alive"}}).keep_alive());
}

TEST(RequestHead, KnowsItsBody) {
  EXPECT_FALSE(head_with(11, {}).has_body());
  EXPECT_FALSE(head_with(11, {{"Content-Length", "0"}}).has_body());
  EXPECT_TRUE(head_with(11, {{"Content-Length", "5"}}).has_body());
  EXPECT_TRUE(head_with(11, {{"Transfer-Encoding", "Chunked"}}).has_body());
  EXPECT_FALSE(head_with(11, {{"Content-Length", "5x"}}).content_length());
  EXPECT_FALSE(head_with(11, {{"Content-Length", "99999999999999999999"}}).content_length());
}

TEST(RequestHead, ExpectsContinueOnlyIn11) {
  EXPECT_TRUE(head_with(11, {{"Expect", "100-Continue"}}).expects_continue());
  EXPECT_FALSE(head_with(10, {{"Expect", "100-continue"}}).expects_continue());
  EXPECT_FALSE(head_with(11, {{"Expect", "200-ok"}}).expects_continue());
}

}  // namespace
}  // namespace mobileclip::server
