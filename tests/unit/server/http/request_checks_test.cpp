#include "server/http/request_checks.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

struct HeadFields {
  const char* method = "POST";
  std::string target = "/";
  int version = 11;
  std::vector<std::pair<std::string, std::string>> fields = {{"Host", "a"}};
};

unsigned status(const HeadFields& fields) {
  RequestHead head{.method = fields.method, .target = fields.target, .version = fields.version, .headers = {}};
  for (const auto& [name, value] : fields.fields) head.headers.add(name, value);
  const auto error = check_request_head(head);
  return error ? error->status : 0;
}

TEST(RequestChecks, Target) {
  EXPECT_EQ(status({.target = "/embed/text?a=b"}), 0u);
  EXPECT_EQ(status({.target = "http://a/"}), 400u);
  EXPECT_EQ(status({.target = "a:80"}), 400u);
  EXPECT_EQ(status({.target = "/\xC3\xA9"}), 400u);
  EXPECT_EQ(status({.target = "/a#b"}), 400u);
  EXPECT_EQ(status({.target = "*"}), 400u);
  EXPECT_EQ(status({.method = "OPTIONS", .target = "*"}), 0u);
  EXPECT_EQ(status({.target = "/" + std::string(kMaxTargetBytes - 1, 'a')}), 0u);
  EXPECT_EQ(status({.target = "/" + std::string(kMaxTargetBytes, 'a')}), 414u);
}

TEST(RequestChecks, Host) {
  EXPECT_EQ(status({.fields = {}}), 400u);
  EXPECT_EQ(status({.version = 10, .fields = {}}), 0u);
  EXPECT_EQ(status({.fields = {{"Host", "a"}, {"host", "a"}}}), 400u);
  EXPECT_EQ(status({.fields = {{"Host", "[::1]:8080"}}}), 0u);
  EXPECT_EQ(status({.fields = {{"Host", ""}}}), 0u);
  EXPECT_EQ(status({.fields = {{"Host", "a, b"}}}), 400u);
  EXPECT_EQ(status({.fields = {{"Host", "a/b"}}}), 400u);
}

TEST(RequestChecks, Framing) {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  const auto framing = [](Fields fields, int version = 11) {
    fields.emplace_back("Host", "a");
    return status({.version = version, .fields = std::move(fields)});
  };
  EXPECT_EQ(framing({{"Content-Length", "5"}}), 0u);
  EXPECT_EQ(framing({{"Content-Length", "5"}, {"Content-Length", "5"}}), 400u);
  for (const char* bad : {"5, 5", "+5", "-5", "0x5", "", "5 ", "99999999999999999999"})
    EXPECT_EQ(framing({{"Content-Length", bad}}), 400u) << bad;
  EXPECT_EQ(framing({{"Transfer-Encoding", "chunked"}}), 0u);
  EXPECT_EQ(framing({{"Transfer-Encoding", "Chunked"}}), 0u);
  EXPECT_EQ(framing({{"Transfer-Encoding", "chunked"}}, 10), 400u);
  EXPECT_EQ(framing({{"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}}), 400u);
  EXPECT_EQ(framing({{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}), 400u);
  for (const char* bad : {"gzip, chunked", "chunked, chunked", "identity", "xchunked", "\"chunked\"", ""}) {
    EXPECT_EQ(framing({{"Transfer-Encoding", bad}}), 501u) << bad;
  }
  EXPECT_EQ(framing({{"Content-Type", "a/b"}, {"content-type", "a/b"}}), 400u);
  EXPECT_EQ(framing({{"Expect", "100-continue"}}), 0u);
  EXPECT_EQ(framing({{"Expect", "tea"}}), 417u);
}

TEST(RequestChecks, RawHead) {
  const auto raw = [](std::string_view head) {
    const auto error = check_raw_head(head);
    return error ? error->status : 0;
  };
  EXPECT_EQ(raw("GET / HTTP/1.1\r\nHost: a\r\nX: b\tc\r\n\r\n"), 0u);
  EXPECT_EQ(raw("GET / HTTP/1.1\nHost: a\r\n\r\n"), 400u) << "bare LF";
  EXPECT_EQ(raw("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"), 400u) << "bare CR";
  EXPECT_EQ(raw("GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n"), 400u) << "obs-fold";
  EXPECT_EQ(raw("GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n"), 400u) << "obs-fold";
  EXPECT_EQ(raw(std::string_view("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", 27)), 400u) << "NUL";
  EXPECT_EQ(raw("GET / HTTP/1.1\r\nX: a\x7f\r\n\r\n"), 400u) << "DEL";
  std::string many = "GET / HTTP/1.1\r\n";
  for (std::size_t i = 0; i < kMaxHeaderFields; ++i) many += "X: a\r\n";
  EXPECT_EQ(raw(many + "\r\n"), 0u);
  EXPECT_EQ(raw(many + "X: a\r\n\r\n"), 431u);
}

}  // namespace
}  // namespace mobileclip::server
