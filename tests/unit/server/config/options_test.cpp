#include "server/config/options.h"

#include <gmock/gmock.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/shared_data.h"

namespace mobileclip::server {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

void set(std::string_view key, std::string_view text, ServerConfig& config) {
  const Option* option = find_option(key);
  ASSERT_NE(option, nullptr) << key;
  set_option(*option, text, "here", config);
}

TEST(Options, HaveNamesOfTheirOwn) {
  std::set<std::string_view> keys;
  std::set<std::string_view> flags;
  for (const Option& option : options()) {
    EXPECT_TRUE(keys.insert(option.key).second) << option.key;
    EXPECT_TRUE(flags.insert(option.flag).second) << option.flag;
    EXPECT_EQ(option.flag.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos) << option.flag;
    EXPECT_FALSE(option.help.ends_with('.')) << option.key;
  }
}

TEST(Options, OfOneSectionStandTogether) {  // else to_yaml would write a section twice
  std::set<std::string_view> finished;
  std::string_view section;
  for (const Option& option : options()) {
    const std::string_view now = option.key.substr(0, option.key.find('.'));
    if (now == section) continue;
    EXPECT_TRUE(finished.insert(now).second) << now;
    section = now;
  }
}

TEST(Options, TakeTheirOwnDefaultBack) {
  const ServerConfig defaults;
  for (const Option& option : options()) {
    const std::string value = option.get(defaults);
    if (option.key == "model") continue;  // has none
    ServerConfig config;
    EXPECT_TRUE(option.set(config, value)) << option.key << ": " << value;
    EXPECT_EQ(option.get(config), value) << option.key;
  }
}

TEST(Options, EachSetsAFieldThatItReadsBack) {
  ServerConfig config;
  for (const auto& [key, text] :
       std::vector<std::pair<std::string_view, std::string_view>>{{"model", "/m"},
                                                                  {"server.host", "::1"},
                                                                  {"server.port", "0"},
                                                                  {"server.io_threads", "2"},
                                                                  {"server.max_connections", "7"},
                                                                  {"server.max_body_bytes", "5MiB"},
                                                                  {"server.max_bodies_bytes", "6MiB"},
                                                                  {"server.max_items_per_request", "9"},
                                                                  {"server.max_label_set_bytes", "10KiB"},
                                                                  {"server.text_cache", "17MiB"},
                                                                  {"server.image_cache", "18MiB"},
                                                                  {"server.request_timeout", "1s"},
                                                                  {"server.header_timeout", "2s"},
                                                                  {"server.body_timeout", "3s"},
                                                                  {"server.idle_timeout", "4s"},
                                                                  {"server.write_timeout", "5s"},
                                                                  {"server.shutdown_delay", "19s"},
                                                                  {"server.drain_timeout", "6s"},
                                                                  {"server.gzip", "false"},
                                                                  {"server.api_keys_file", "/k"},
                                                                  {"server.admin_port", "8081"},
                                                                  {"server.admin_host", "::1"},
                                                                  {"server.unix_socket", "/s"},
                                                                  {"server.unix_socket_mode", "0600"},
                                                                  {"server.cors_origins", "https://a.b,http://c:1"},
                                                                  {"server.tls_certificate", "/c"},
                                                                  {"server.tls_key", "/t"},
                                                                  {"engine.threads", "3"},
                                                                  {"engine.isa", "avx2"},
                                                                  {"engine.precision", "bf16"},
                                                                  {"engine.memory", "low"},
                                                                  {"engine.max_batch", "4"},
                                                                  {"engine.max_wait", "250us"},
                                                                  {"engine.max_queue_items", "11"},
                                                                  {"engine.stuck_after", "17s"},
                                                                  {"engine.max_queue_bytes", "12MiB"},
                                                                  {"engine.idle_release", "19s"},
                                                                  {"engine.models_memory", "20MiB"},
                                                                  {"image.max_encoded_bytes", "13KiB"},
                                                                  {"image.max_pixels", "14"},
                                                                  {"image.max_side", "15"},
                                                                  {"image.max_decode_bytes", "16MiB"},
                                                                  {"image.exif", "apply"},
                                                                  {"image.decode", "fast"},
                                                                  {"log.level", "debug"},
                                                                  {"log.format", "json"},
                                                                  {"log.access", "true"}}) {
    ASSERT_NO_FATAL_FAILURE(set(key, text, config));
    EXPECT_EQ(find_option(key)->get(config), text) << key;
  }
  EXPECT_EQ(config.engine.max_wait, std::chrono::microseconds(250));
  EXPECT_EQ(config.max_body_bytes, 5u << 20);
  EXPECT_EQ(config.max_bodies_bytes, 6u << 20);
  EXPECT_EQ(config.engine.exif, ExifOrientation::kApply);
  EXPECT_EQ(config.engine.decode, JpegDecoding::kFast);
  EXPECT_EQ(config.engine.image_limits.max_side, 15);
  EXPECT_EQ(config.engine.image_limits.max_decode_bytes, 16u << 20);
  EXPECT_TRUE(config.access_log);
  EXPECT_EQ(config.unix_socket_mode, std::filesystem::perms(0600));
  EXPECT_EQ(config.cors_origins, (std::vector<std::string>{"https://a.b", "http://c:1"}));
  const ServerConfig defaults;
  for (const Option& option : options()) {
    EXPECT_NE(option.get(config), option.get(defaults)) << option.key << " was not set";
  }
}

TEST(Options, RefuseWhatIsOutOfRange) {
  ServerConfig config;
  EXPECT_THAT([&] { set("server.port", "65536", config); },
              ThrowsMessage<ConfigError>("here: expected an integer from 0 to 65535, found '65536'"));
  EXPECT_THAT([&] { set("server.port", "-1", config); }, ThrowsMessage<ConfigError>(HasSubstr("found '-1'")));
  EXPECT_THAT([&] { set("engine.max_batch", "0", config); }, ThrowsMessage<ConfigError>(HasSubstr("from 1 to 1024")));
  EXPECT_THAT([&] { set("server.max_body_bytes", "64M", config); },
              ThrowsMessage<ConfigError>(HasSubstr("written like 64MiB")));
  EXPECT_THAT([&] { set("server.request_timeout", "30", config); },
              ThrowsMessage<ConfigError>(
                  "here: expected a duration from 1ms to 86400s, written like 30s or 500ms, found '30'"));
  EXPECT_THAT([&] { set("server.request_timeout", "1500us", config); },
              ThrowsMessage<ConfigError>(HasSubstr("found '1500us'")))
      << "a timeout counts in milliseconds: nothing is rounded in silence";
  EXPECT_THAT([&] { set("image.exif", "Apply", config); },
              ThrowsMessage<ConfigError>("here: expected one of ignore|apply, found 'Apply'"));
  EXPECT_THAT([&] { set("log.access", "maybe", config); },
              ThrowsMessage<ConfigError>(HasSubstr("expected true or false")));
  EXPECT_THAT([&] { set("server.host", "", config); },
              ThrowsMessage<ConfigError>("here: expected an IP address, found ''"));
  for (const char* mode : {"", "600", "0599", "0608", "01777", "0000"}) {
    EXPECT_THAT([&] { set("server.unix_socket_mode", mode, config); }, ThrowsMessage<ConfigError>(HasSubstr("octal")));
  }
  for (const char* origins :
       {"a.b", "https://", "https://a.b/", "https://A.b", "*,https://a.b", "https://a.b,", "null"}) {
    EXPECT_THAT([&] { set("server.cors_origins", origins, config); },
                ThrowsMessage<ConfigError>(HasSubstr("expected origins like https://app.example.com")));
  }
  EXPECT_EQ(config.port, ServerConfig().port);
}

TEST(Options, KeepMessagesOnOneLine) {
  ServerConfig config;
  EXPECT_THAT([&] { set("server.port", "1\n2\x1b[31m", config); },
              ThrowsMessage<ConfigError>(HasSubstr("found '1\\x0a2\\x1b[31m'")));
  EXPECT_THAT([&] { set("server.port", std::string(5000, '9'), config); },
              ThrowsMessage<ConfigError>(HasSubstr("found '" + std::string(100, '9') + "…'")));
}

TEST(EnvironmentVariable, FollowsTheFlag) {
  EXPECT_EQ(environment_variable(*find_option("server.max_body_bytes")), "MOBILECLIP_MAX_BODY_BYTES");
  EXPECT_EQ(environment_variable(*find_option("log.level")), "MOBILECLIP_LOG_LEVEL");
}

TEST(Documentation, HasARowForEveryOption) {
  std::ifstream file(testing::source_dir() / "docs/configuration.md");
  std::stringstream text;
  text << file.rdbuf();
  ASSERT_FALSE(text.str().empty());
  const ServerConfig defaults;
  for (const Option& option : options()) {
    std::string type(option.type);
    for (std::size_t at = 0; (at = type.find('|', at)) != std::string::npos; at += 2) type.insert(at, "\\");
    const std::string value = option.get(defaults);
    std::ostringstream row;
    row << "| `" << option.key << "` | `--" << option.flag << "` | `" << environment_variable(option) << "` | " << type
        << " | " << (value.empty() ? "(none)" : "`" + value + "`") << " | " << option.help << " |\n";
    EXPECT_NE(text.str().find(row.str()), std::string::npos) << "docs/configuration.md lacks this row:\n" << row.str();
  }
}

}  // namespace
}  // namespace mobileclip::server
