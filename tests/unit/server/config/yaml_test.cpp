#include "server/config/yaml.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "server/config/options.h"
#include "tests/support/shared_data.h"

namespace mobileclip::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

ServerConfig read(const std::string& yaml) {
  ServerConfig config;
  apply_yaml(yaml, "server.yaml", config);
  return config;
}

TEST(ApplyYaml, SetsWhatIsGivenAndLeavesTheRest) {
  const ServerConfig config = read(
      "model: /models/s0\n"
      "server:\n"
      "  port: 9000\n"
      "  request_timeout: 500ms\n"
      "engine: {max_batch: 8}\n"
      "log:\n"
      "  access: yes\n");
  EXPECT_EQ(config.models, std::vector<std::filesystem::path>{"/models/s0"});
  EXPECT_EQ(config.port, 9000);
  EXPECT_EQ(config.request_timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(config.engine.max_batch, 8);
  EXPECT_TRUE(config.access_log);
  EXPECT_EQ(config.host, "127.0.0.1");
}

TEST(ApplyYaml, TakesFilesThatSetNothing) {
  for (const char* yaml :
       {"", "\n\n", "# nothing\n", "---\n", "{}", "server:\n  # port: 1\n", "server: {}\nlog: ~\n"}) {
    EXPECT_EQ(to_yaml(read(yaml)), to_yaml(ServerConfig())) << yaml;
  }
}

TEST(ApplyYaml, NamesFileLineAndNearestOption) {
  EXPECT_THAT([] { read("server:\n  host: ::1\n  prot: 1\n"); },
              ThrowsMessage<ConfigError>("server.yaml:3: unknown option 'server.prot'; did you mean 'port'?"));
  EXPECT_THAT([] { read("sevrer:\n  port: 1\n"); },
              ThrowsMessage<ConfigError>("server.yaml:1: unknown option 'sevrer'; did you mean 'server'?"));
  EXPECT_THAT(
      [] { read("max_batch: 1\n"); },
      ThrowsMessage<ConfigError>("server.yaml:1: unknown option 'max_batch'; did you mean 'engine.max_batch'?"));
  EXPECT_THAT([] { read("engine:\n  port: 1\n"); },
              ThrowsMessage<ConfigError>("server.yaml:2: unknown option 'engine.port'; did you mean 'server.port'?"));
  EXPECT_THAT([] { read("server.port: 1\n"); },
              ThrowsMessage<ConfigError>(StartsWith("server.yaml:1: unknown option")));
  EXPECT_THAT([] { read("bandwidth: 1\n"); }, ThrowsMessage<ConfigError>("server.yaml:1: unknown option 'bandwidth'"));
}

TEST(ApplyYaml, NamesFileLineKeyExpectedAndFound) {
  EXPECT_THAT(
      [] { read("server:\n  port: 99999\n"); },
      ThrowsMessage<ConfigError>("server.yaml:2: server.port: expected an integer from 0 to 65535, found '99999'"));
  EXPECT_THAT(
      [] { read("server:\n  port: [1, 2]\n"); },
      ThrowsMessage<ConfigError>(AllOf(StartsWith("server.yaml:2: server.port: "), HasSubstr("found a structure"))));
  EXPECT_THAT([] { read("server:\n  port:\n"); }, ThrowsMessage<ConfigError>(HasSubstr("found nothing")));
  EXPECT_THAT([] { read("server: 8080\n"); },
              ThrowsMessage<ConfigError>(StartsWith("server.yaml:1: expected 'server'")));
  EXPECT_THAT([] { read("- a\n- b\n"); }, ThrowsMessage<ConfigError>(StartsWith("server.yaml:1: expected the file")));
  EXPECT_THAT([] { read("just text"); }, ThrowsMessage<ConfigError>(StartsWith("server.yaml:1: expected the file")));
  EXPECT_THAT([] { read("? [a]\n: 1\n"); }, ThrowsMessage<ConfigError>(HasSubstr("expected a name")));
}

TEST(ApplyYaml, RefusesWhatWouldSilentlyBeIgnored) {
  EXPECT_THAT([] { read("server:\n  port: 1\n  port: 2\n"); },
              ThrowsMessage<ConfigError>("server.yaml:3: 'port' is given twice"));
  EXPECT_THAT([] { read("server: {port: 1}\nserver: {port: 2}\n"); },
              ThrowsMessage<ConfigError>("server.yaml:2: 'server' is given twice"));
  EXPECT_THAT([] { read("model: a\n---\nmodel: b\n"); }, ThrowsMessage<ConfigError>(HasSubstr("found 2")));
}

TEST(ApplyYaml, RefusesWhatIsNotYaml) {
  EXPECT_THAT([] { read("server:\n  port: [1\n"); },
              ThrowsMessage<ConfigError>(AllOf(StartsWith("server.yaml:"), HasSubstr("not YAML"))));
  EXPECT_THAT([] { read("server: *nowhere\n"); }, ThrowsMessage<ConfigError>(HasSubstr("not YAML")));
  EXPECT_THAT([] { read("a:\n\t- b"); }, ThrowsMessage<ConfigError>(HasSubstr("not YAML")));
}

TEST(ApplyYaml, ChangesNothingWhereAnythingIsWrong) {
  ServerConfig config;
  EXPECT_THROW(apply_yaml("server:\n  port: 1\n  host: 5 \n  nonsense: 1\n", "f", config), ConfigError);
  EXPECT_EQ(config.port, ServerConfig().port);
}

TEST(ApplyYamlFile, NamesAFileThatCannotBeRead) {
  ServerConfig config;
  EXPECT_THAT([&] { apply_yaml_file("/no/such.yaml", config); },
              ThrowsMessage<ConfigError>("/no/such.yaml: cannot be read: No such file or directory"));
  EXPECT_THAT([&] { apply_yaml_file("/", config); }, ThrowsMessage<ConfigError>("/: cannot be read: Is a directory"));
}

TEST(ApplyYamlFile, TakesAnEmptyFile) {
  ServerConfig config;
  apply_yaml_file("/dev/null", config);
  EXPECT_EQ(to_yaml(config), to_yaml(ServerConfig()));
}

TEST(ApplyYaml, TakesAListOfModels) {
  EXPECT_EQ(read("model: [/a, /b]\n").models, (std::vector<std::filesystem::path>{"/a", "/b"}));
  EXPECT_EQ(read("model:\n  - /a\n").models, std::vector<std::filesystem::path>{"/a"});
  EXPECT_THAT([] { read("model: []\n"); }, ThrowsMessage<ConfigError>(HasSubstr("expected a directory")));
  EXPECT_THAT([] { read("model:\n  - /a\n  - {b: c}\n"); },
              ThrowsMessage<ConfigError>(HasSubstr(":3: model: expected a directory, found a structure")));
  EXPECT_THAT([] { read("server:\n  host: [a]\n"); }, ThrowsMessage<ConfigError>(HasSubstr("found a structure")));
}

TEST(ToYaml, IsReadBack) {
  ServerConfig config;
  config.models = {"a \"quoted\": # path\twith\nanything é"};
  config.host = "::1";
  config.engine.max_wait = std::chrono::microseconds(1500);
  config.engine.exif = ExifOrientation::kApply;
  config.log_level = "off";
  EXPECT_EQ(to_yaml(read(to_yaml(config))), to_yaml(config));
  EXPECT_EQ(read(to_yaml(config)).models, config.models);
  config.models = {"/a", "b, c]", "d: e"};
  EXPECT_EQ(read(to_yaml(config)).models, config.models);
  EXPECT_EQ(read(to_yaml(config)).log_level, "off");
}

TEST(ReferenceConfiguration, DocumentsEveryOptionWithItsDefault) {
  const std::filesystem::path path = testing::source_dir() / "config/server.yaml";
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), to_yaml(ServerConfig()))
      << "write it anew: mobileclip-server serve --print-config > config/server.yaml";
  ServerConfig config;
  config.port = 1;
  config.engine.max_batch = 1;
  apply_yaml_file(path, config);
  EXPECT_EQ(to_yaml(config), to_yaml(ServerConfig())) << "the file sets every option but the model, to its default";
}

}  // namespace
}  // namespace mobileclip::server
