#include "server/http/request_timeout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

using namespace std::chrono_literals;

Result<std::chrono::microseconds> timeout(std::string value, std::chrono::microseconds most = 30s) {
  Headers headers;
  headers.add("X-Request-Timeout", std::move(value));
  return request_timeout(headers, most);
}

TEST(RequestTimeout, ReadsSecondsAndMilliseconds) {
  EXPECT_EQ(*timeout("2"), 2s);
  EXPECT_EQ(*timeout("2.5"), 2500ms);
  EXPECT_EQ(*timeout("2.5s"), 2500ms);
  EXPECT_EQ(*timeout("500ms"), 500ms);
  EXPECT_EQ(*timeout("0.5ms"), 500us);
  EXPECT_EQ(*timeout("0.000000001"), 1us) << "rounded up: it stays more than nothing";
}

TEST(RequestTimeout, IsNeverMoreThanTheServers) {
  EXPECT_EQ(*timeout("86400"), 30s);
  EXPECT_EQ(*timeout("31s"), 30s);
  EXPECT_EQ(*request_timeout(Headers(), 30s), 30s);
}

TEST(RequestTimeout, NamesWhatIsWrong) {
  for (const char* bad : {"", "0", "-1", "1m", "ten", "1e3", "nan", "inf", "86401", "2 s", "1, 2", "0x10", "s", "ms"}) {
    const auto result = timeout(bad);
    ASSERT_FALSE(result.ok()) << bad;
    EXPECT_THAT(result.error().message, ::testing::HasSubstr("X-Request-Timeout")) << bad;
  }
}

}  // namespace
}  // namespace mobileclip::server
