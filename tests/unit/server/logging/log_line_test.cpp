#include "server/logging/log_line.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mobileclip::server {
namespace {

using namespace std::chrono_literals;

constexpr LogTime kTime{std::chrono::seconds(1'763'732'909) + 7ms};

AccessRecord record() {
  AccessRecord access;
  access.id = "abc";
  access.method = "POST";
  access.route = "/embed/text";
  access.status = 200;
  access.bytes_in = 30;
  access.bytes_out = 5700;
  access.total = 14'107'400ns;
  access.stages = {{"read", 120us}, {"inference", 12ms}};
  access.texts = 2;
  access.batch = 3;
  return access;
}

TEST(LogLine, Text) {
  EXPECT_EQ(log_line(LogFormat::kText, kTime, "warn", "two\nlines\x1b[31m"),
            "2025-11-21T13:48:29.007Z warn two lines [31m\n");
  EXPECT_EQ(access_line(LogFormat::kText, kTime, record()),
            "2025-11-21T13:48:29.007Z info POST /embed/text 200 id=abc in=30 out=5700 total=14.107ms read=0.120ms "
            "inference=12.000ms texts=2 batch=3\n");
}

TEST(LogLine, Json) {
  const std::string line = log_line(LogFormat::kJson, kTime, "warn", "two\n\"lines\"");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["time"], "2025-11-21T13:48:29.007Z");
  EXPECT_EQ(json["level"], "warn");
  EXPECT_EQ(json["message"], "two\n\"lines\"");
}

TEST(LogLine, JsonOfARequest) {
  EXPECT_EQ(access_line(LogFormat::kJson, kTime, record()),
            R"({"time":"2025-11-21T13:48:29.007Z","level":"info","message":"request","id":"abc","method":"POST",)"
            R"("route":"/embed/text","status":200,"bytes_in":30,"bytes_out":5700,"total_ms":14.107,"read_ms":0.12,)"
            R"("inference_ms":12,"texts":2,"batch":3})"
            "\n");
}

}  // namespace
}  // namespace mobileclip::server
