#include "server/config/environment.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "server/config/options.h"

namespace mobileclip::server {
namespace {

using ::testing::Contains;
using ::testing::Pair;
using ::testing::ThrowsMessage;

TEST(ApplyEnvironment, SetsWhatItsVariablesGive) {
  ServerConfig config;
  apply_environment(
      {{"PATH", "/bin"}, {"MOBILECLIP_PORT", "9000"}, {"MOBILECLIP_MODEL", "/m"}, {"mobileclip_host", "x"}}, config);
  EXPECT_EQ(config.port, 9000);
  EXPECT_EQ(config.models, std::vector<std::filesystem::path>{"/m"});
  EXPECT_EQ(config.host, "127.0.0.1");
}

TEST(ApplyEnvironment, ColonsJoinSeveralModels) {
  ServerConfig config;
  config.models = {"/from/the/file"};
  apply_environment({{"MOBILECLIP_MODEL", "/a:b/c"}}, config);
  EXPECT_EQ(config.models, (std::vector<std::filesystem::path>{"/a", "b/c"}));
  EXPECT_THAT(
      [&] {
        apply_environment({{"MOBILECLIP_MODEL", "/a:"}}, config);
      },
      ThrowsMessage<ConfigError>(::testing::HasSubstr("MOBILECLIP_MODEL: expected a directory, found ''")));
}

TEST(ApplyEnvironment, TakesAnEmptyVariableAsUnset) {
  ServerConfig config;
  apply_environment({{"MOBILECLIP_PORT", ""}}, config);
  EXPECT_EQ(config.port, 8080);
}

TEST(ApplyEnvironment, LeavesOtherUsersOfThePrefixAlone) {
  ServerConfig config;
  EXPECT_NO_THROW(apply_environment(
      {{"MOBILECLIP_SHARED", "/x"}, {"MOBILECLIP_BINARY", "/y"}, {"MOBILECLIP_CONFIG", "/z"}}, config));
}

TEST(ApplyEnvironment, NamesTheVariableAndTheNearest) {
  ServerConfig config;
  EXPECT_THAT(
      [&] {
        apply_environment({{"MOBILECLIP_PROT", "1"}}, config);
      },
      ThrowsMessage<ConfigError>("unknown environment variable 'MOBILECLIP_PROT'; did you mean 'MOBILECLIP_PORT'?"));
  EXPECT_THAT(
      [&] {
        apply_environment({{"MOBILECLIP_BANDWIDTH", "1"}}, config);
      },
      ThrowsMessage<ConfigError>("unknown environment variable 'MOBILECLIP_BANDWIDTH'"));
  EXPECT_THAT(
      [&] {
        apply_environment({{"MOBILECLIP_PORT", "http"}}, config);
      },
      ThrowsMessage<ConfigError>("MOBILECLIP_PORT: expected an integer from 0 to 65535, found 'http'"));
}

TEST(ProcessEnvironment, HoldsWhatWasSet) {
  ASSERT_EQ(setenv("MOBILECLIP_SHARED_TEST_ONLY", "a=b", 1), 0);
  EXPECT_THAT(process_environment(), Contains(Pair("MOBILECLIP_SHARED_TEST_ONLY", "a=b")));
  unsetenv("MOBILECLIP_SHARED_TEST_ONLY");
}

}  // namespace
}  // namespace mobileclip::server
