#include "server/http/api_keys.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace mobileclip::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

class ApiKeysTest : public ::testing::Test {
 protected:
  ~ApiKeysTest() override { std::filesystem::remove(file_); }

  void write(const std::string& text) const { std::ofstream(file_, std::ios::binary) << text; }

  static Headers headers(const std::string& name, const std::string& value) {
    Headers headers;
    headers.add("Host", "a");
    headers.add(name, value);
    return headers;
  }

  std::filesystem::path file_ = std::filesystem::path(::testing::TempDir()) / ("api_keys" + std::to_string(::getpid()));
};

TEST_F(ApiKeysTest, ReadsOneKeyALine) {
  write("# team a\nfirst\n\n  second \r\nthird#1");
  const ApiKeys keys(file_);
  EXPECT_EQ(keys.size(), 3u);
  for (const char* key : {"first", "second", "third#1"}) EXPECT_TRUE(keys.accept(headers("X-API-Key", key))) << key;
  for (const char* key : {"", "firs", "first1", "FIRST", "# team a", "third"})
    EXPECT_FALSE(keys.accept(headers("X-API-Key", key))) << key;
}

TEST_F(ApiKeysTest, TakesTheKeyFromEachOfItsHeaders) {
  write("secret\n");
  const ApiKeys keys(file_);
  EXPECT_TRUE(keys.accept(headers("Authorization", "Bearer secret")));
  EXPECT_TRUE(keys.accept(headers("authorization", "bearer   secret")));
  EXPECT_TRUE(keys.accept(headers("x-api-key", "secret")));
  EXPECT_TRUE(keys.accept(headers("api-key", "secret")));
  EXPECT_FALSE(keys.accept(headers("Authorization", "secret")));
  EXPECT_FALSE(keys.accept(headers("Authorization", "Basic secret")));
  EXPECT_FALSE(keys.accept(headers("Authorization", "Bearersecret")));
  EXPECT_FALSE(keys.accept(headers("Authorization", "Bearer")));
  EXPECT_FALSE(keys.accept(headers("Key", "secret")));
  EXPECT_FALSE(keys.accept(Headers()));
  // A proxy's own Authorization does not hide a key beside it.
  Headers both = headers("Authorization", "Basic abc");
  both.add("X-API-Key", "secret");
  EXPECT_TRUE(keys.accept(both));
}

TEST_F(ApiKeysTest, ReloadTakesTheNewKeysAndKeepsTheOldOnesWhereTheFileIsBroken) {
  write("old\n");
  ApiKeys keys(file_);
  write("new\n");
  EXPECT_TRUE(keys.accept(headers("api-key", "old")));
  keys.reload();
  EXPECT_FALSE(keys.accept(headers("api-key", "old")));
  EXPECT_TRUE(keys.accept(headers("api-key", "new")));
  write("two words\n");
  EXPECT_ANY_THROW(keys.reload());
  std::filesystem::remove(file_);
  EXPECT_ANY_THROW(keys.reload());
  EXPECT_TRUE(keys.accept(headers("api-key", "new")));
}

TEST_F(ApiKeysTest, SaysWhatIsWrongWithAFileButNotWhatItHolds) {
  const auto load = [this] { ApiKeys keys(file_); };
  EXPECT_THAT(load, ThrowsMessage<std::runtime_error>(HasSubstr(file_.string() + ": there is no such file")));
  write("# nothing\n\n");
  EXPECT_THAT(load, ThrowsMessage<std::runtime_error>(HasSubstr("expected at least one key")));
  write("good\nsecret word\n");
  EXPECT_THAT(load, ThrowsMessage<std::runtime_error>(
                        AllOf(HasSubstr(file_.string() + ":2: expected one key"), Not(HasSubstr("secret")))));
  write("k\xC3\xA9y\n");
  EXPECT_THAT(load, ThrowsMessage<std::runtime_error>(HasSubstr("visible ASCII")));
  write(std::string((1 << 20) + 1, 'k'));
  EXPECT_THAT(load, ThrowsMessage<std::runtime_error>(HasSubstr("at most 1048576 bytes")));
  EXPECT_THAT([] { ApiKeys keys(::testing::TempDir()); }, ThrowsMessage<std::runtime_error>(HasSubstr("regular file")));
}

}  // namespace
}  // namespace mobileclip::server
