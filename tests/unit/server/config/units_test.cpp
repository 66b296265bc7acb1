#include "server/config/units.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

using namespace std::chrono_literals;

TEST(ParseInteger, TakesDigitsAndNothingElse) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("-17"), -17);
  EXPECT_EQ(parse_integer("9223372036854775807"), 9223372036854775807);
  for (const char* text : {"", " 1", "1 ", "+1", "1.0", "0x10", "1e3", "9223372036854775808", "one", "1_000"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
}

TEST(ParseBoolean, TakesTheUsualWords) {
  for (const char* text : {"true", "True", "YES", "on", "1"}) EXPECT_EQ(parse_boolean(text), true) << text;
  for (const char* text : {"false", "No", "off", "0"}) EXPECT_EQ(parse_boolean(text), false) << text;
  for (const char* text : {"", "t", "2", "truee", " true"}) EXPECT_EQ(parse_boolean(text), std::nullopt) << text;
}

TEST(ParseSize, TakesBinaryAndDecimalUnits) {
  EXPECT_EQ(parse_size("512"), 512);
  EXPECT_EQ(parse_size("512B"), 512);
  EXPECT_EQ(parse_size("64KiB"), 65'536);
  EXPECT_EQ(parse_size("64 MiB"), 64ULL << 20);
  EXPECT_EQ(parse_size("64mib"), 64ULL << 20);
  EXPECT_EQ(parse_size("2GB"), 2'000'000'000);
  EXPECT_EQ(parse_size("1TiB"), 1ULL << 40);
  EXPECT_EQ(parse_size("18446744073709551615"), 18446744073709551615ULL);
  for (const char* text :
       {"", "MiB", "-1MiB", "1.5MiB", "64M", "64  MiB", "64 ", "18446744073709551616", "17000000TiB"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(FormatSize, IsReadBack) {
  for (const std::uint64_t bytes :
       {0ULL, 1ULL, 1000ULL, 1024ULL, 1025ULL, 64ULL << 20, 3ULL << 40, 18446744073709551615ULL}) {
    EXPECT_EQ(parse_size(format_size(bytes)), bytes) << format_size(bytes);
  }
  EXPECT_EQ(format_size(64ULL << 20), "64MiB");
  EXPECT_EQ(format_size(1000), "1000B");
}

TEST(ParseDuration, NeedsAUnitExceptForZero) {
  EXPECT_EQ(parse_duration("0"), 0us);
  EXPECT_EQ(parse_duration("0s"), 0us);
  EXPECT_EQ(parse_duration("250us"), 250us);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("30 s"), 30s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("24h"), 24h);
  for (const char* text : {"", "30", "s", "-1s", "1.5s", "1d", "1 S", "30sec", "8761h", "99999999999999999999s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(FormatDuration, IsReadBack) {
  for (const auto duration : {0us, 1us, 1'500us, 999'000us, 30'000'000us, 86'400'000'000us}) {
    EXPECT_EQ(parse_duration(format_duration(duration)), duration) << format_duration(duration);
  }
  EXPECT_EQ(format_duration(30s), "30s");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
}

}  // namespace
}  // namespace mobileclip::server
