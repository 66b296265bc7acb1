#include "server/config/options.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <sstream>
#include <type_traits>
#include <utility>
#include <vector>

#include "server/config/origins.h"
#include "server/config/units.h"

namespace mobileclip::server {
namespace {

/// What every kind of option has in common.
struct Name {
  std::string_view key;
  std::string_view flag;
  std::string_view help;
};

// `field` is a generic lambda from a ServerConfig, const or not, to a reference to the option's field: see FIELD.
template <typename Field>
using FieldType = std::remove_reference_t<std::invoke_result_t<Field, ServerConfig&>>;

template <typename Field>
Option integer(Name name, Field field, std::int64_t least, std::int64_t most) {
  return {.key = name.key,
          .flag = name.flag,
          .type = "INTEGER",
          .expected = "an integer from " + std::to_string(least) + " to " + std::to_string(most),
          .help = name.help,
          .get = [field](const ServerConfig& config) { return std::to_string(field(config)); },
          .set =
              [field, least, most](ServerConfig& config, std::string_view text) {
                const auto value = parse_integer(text);
                if (!value || *value < least || *value > most) return false;
                field(config) = static_cast<FieldType<Field>>(*value);
                return true;
              }};
}

template <typename Field>
Option size(Name name, Field field, std::uint64_t least, std::uint64_t most) {
  return {.key = name.key,
          .flag = name.flag,
          .type = "SIZE",
          .expected = "a size from " + format_size(least) + " to " + format_size(most) + ", written like 64MiB",
          .help = name.help,
          .get = [field](const ServerConfig& config) { return format_size(field(config)); },
          .set =
              [field, least, most](ServerConfig& config, std::string_view text) {
                const auto value = parse_size(text);
                if (!value || *value < least || *value > most) return false;
                field(config) = static_cast<FieldType<Field>>(*value);
                return true;
              }};
}

template <typename Field>
Option duration(Name name, Field field, std::chrono::microseconds least, std::chrono::microseconds most) {
  return {.key = name.key,
          .flag = name.flag,
          .type = "DURATION",
          .expected = "a duration from " + format_duration(least) + " to " + format_duration(most) +
                      ", written like 30s or 500ms",
          .help = name.help,
          .get = [field](const ServerConfig& config) { return format_duration(field(config)); },
          .set =
              [field, least, most](ServerConfig& config, std::string_view text) {
                const auto value = parse_duration(text);
                if (!value || *value < least || *value > most) return false;
                const auto rounded = std::chrono::duration_cast<FieldType<Field>>(*value);
                if (rounded != *value) return false;
                field(config) = rounded;
                return true;
              }};
}

template <typename Field>
Option boolean(Name name, Field field) {
  return {.key = name.key,
          .flag = name.flag,
          .type = "BOOLEAN",
          .expected = "true or false",
          .help = name.help,
          .get = [field](const ServerConfig& config) { return std::string(field(config) ? "true" : "false"); },
          .set =
              [field](ServerConfig& config, std::string_view text) {
                const auto value = parse_boolean(text);
                if (!value) return false;
                field(config) = *value;
                return true;
              }};
}

/// A std::string or std::filesystem::path; not empty.
template <typename Field>
Option text(Name name, std::string_view expected, Field field) {
  return {.key = name.key,
          .flag = name.flag,
          .type = "TEXT",
          .expected = std::string(expected),
          .help = name.help,
          .get = [field](const ServerConfig& config) -> std::string { return field(config); },
          .set =
              [field](ServerConfig& config, std::string_view value) {
                if (value.empty() || value.find('\0') != std::string_view::npos) return false;
                field(config) = std::string(value);
                return true;
              }};
}

/// A std::string or std::filesystem::path; empty for none.
template <typename Field>
Option optional_text(Name name, std::string_view expected, Field field) {
  Option option = text(name, expected, field);
  option.expected += ", or nothing";
  option.set = [field, set = std::move(option.set)](ServerConfig& config, std::string_view value) {
    if (!value.empty()) return set(config, value);
    field(config).clear();
    return true;
  };
  return option;
}

/// Paths, at least one.
template <typename Field>
Option paths(Name name, std::string_view expected, Field field) {
  const auto append = [field](ServerConfig& config, std::string_view text) {
    if (text.empty() || text.find('\0') != std::string_view::npos) return false;
    field(config).emplace_back(std::string(text));
    return true;
  };
  return {.key = name.key,
          .flag = name.flag,
          .type = "TEXT",
          .expected = std::string(expected),
          .help = name.help,
          .get =
              [field](const ServerConfig& config) {
                std::string text;
                for (const auto& path : field(config)) text += (text.empty() ? "" : ":") + path.string();
                return text;
              },
          .set =
              [field, append](ServerConfig& config, std::string_view text) {
                FieldType<Field> before = std::exchange(field(config), {});
                if (append(config, text)) return true;
                field(config) = std::move(before);
                return false;
              },
          .append = append,
          .values =
              [field](const ServerConfig& config) {
                std::vector<std::string> all;
                for (const auto& path : field(config)) all.push_back(path.string());
                return all;
              }};
}

template <typename Field>
Option origins(Name name, Field field) {
  return {.key = name.key,
          .flag = name.flag,
          .type = "TEXT",
          .expected = "origins like https://app.example.com, separated by commas, or *, or nothing",
          .help = name.help,
          .get = [field](const ServerConfig& config) { return format_origins(field(config)); },
          .set =
              [field](ServerConfig& config, std::string_view text) {
                auto value = parse_origins(text);
                if (!value) return false;
                field(config) = *std::move(value);
                return true;
              }};
}

template <typename Field>
Option permissions(Name name, Field field) {
  return {.key = name.key,
          .flag = name.flag,
          .type = "TEXT",
          .expected = "permissions as chmod takes them, in octal: 0600 to 0777",
          .help = name.help,
          .get =
              [field](const ServerConfig& config) {
                std::ostringstream text;
                text << '0' << std::oct << static_cast<unsigned>(field(config));
                return text.str();
              },
          .set =
              [field](ServerConfig& config, std::string_view text) {
                const bool octal = text.size() == 4 && text.front() == '0' &&
                                   text.find_first_not_of("01234567") == std::string_view::npos;
                if (!octal || text < "0600") return false;
                field(config) = std::filesystem::perms(std::stoul(std::string(text), nullptr, 8));
                return true;
              }};
}

template <typename Value>
using Choices = std::vector<std::pair<std::string_view, Value>>;

template <typename Field>
Option choice(Name name, std::string_view words, Field field, Choices<FieldType<Field>> choices) {
  return {.key = name.key,
          .flag = name.flag,
          .type = words,
          .expected = "one of " + std::string(words),
          .help = name.help,
          .get =
              [field, choices](const ServerConfig& config) {
                const auto found = std::ranges::find(choices, field(config), [](const auto& c) { return c.second; });
                return std::string(found->first);
              },
          .set =
              [field, choices](ServerConfig& config, std::string_view value) {
                const auto found = std::ranges::find(choices, value, [](const auto& c) { return c.first; });
                if (found == choices.end()) return false;
                field(config) = found->second;
                return true;
              }};
}

#define FIELD(name) \
  [](auto& config) -> auto& { return config.name; }

std::vector<Option> make_options() {
  using namespace std::chrono_literals;
  constexpr std::int64_t kMillion = 1'000'000;
  constexpr std::uint64_t kMiB = 1u << 20;
  constexpr std::uint64_t kTiB = 1ULL << 40;
  const Choices<std::string> log_levels{{"trace", "trace"}, {"debug", "debug"}, {"info", "info"},
                                        {"warn", "warn"},   {"error", "error"}, {"off", "off"}};
  const Choices<Precision> precision{
      {"fp32", Precision::kFp32}, {"bf16", Precision::kBf16}, {"int8", Precision::kInt8}};
  const Choices<MemoryMode> memory{
      {"low", MemoryMode::kLow}, {"balanced", MemoryMode::kBalanced}, {"high", MemoryMode::kHigh}};
  const Choices<JpegDecoding> decode{{"exact", JpegDecoding::kExact}, {"fast", JpegDecoding::kFast}};
  const Choices<LogFormat> log_format{{"text", LogFormat::kText}, {"json", LogFormat::kJson}};
  const Choices<ExifOrientation> exif{{"ignore", ExifOrientation::kIgnore}, {"apply", ExifOrientation::kApply}};
  return {
      paths({"model", "model", "Directory of a model (layouts: README.md) or of several; repeatable, first is default"},
            "a directory", FIELD(models)),

      text({"server.host", "host", "Address to listen on; 0.0.0.0 is every IPv4 interface"}, "an IP address",
           FIELD(host)),
      integer({"server.port", "port", "Port to listen on; 0 takes any free one and prints it"}, FIELD(port), 0, 65'535),
      integer({"server.io_threads", "io-threads", "Threads that read and write connections"}, FIELD(io_threads), 1,
              256),
      integer({"server.max_connections", "max-connections",
               "Connections open at a time; over it idle ones are closed for new ones"},
              FIELD(max_connections), 1, kMillion),
      size({"server.max_body_bytes", "max-body-bytes", "Longest request body; a longer one gets 413"},
           FIELD(max_body_bytes), 1, kTiB),
      size({"server.max_bodies_bytes", "max-bodies-bytes",
            "Request bodies held at a time, of all connections together; more get 429"},
           FIELD(max_bodies_bytes), 1, kTiB),
      integer({"server.max_items_per_request", "max-items-per-request", "Images or texts in one request"},
              FIELD(max_items_per_request), 1, kMillion),
      size({"server.max_label_set_bytes", "max-label-set-bytes",
            "Memory for the label sets of /classify, all together; one that does not fit gets 507"},
           FIELD(max_label_set_bytes), 1, kTiB),
      size({"server.text_cache", "text-cache", "Memory for the embeddings of recent texts, by content; 0 for none"},
           FIELD(text_cache), 0, kTiB),
      size({"server.image_cache", "image-cache", "The same for images"}, FIELD(image_cache), 0, kTiB),
      duration({"server.request_timeout", "request-timeout",
                "From a request's last byte to its answer; past it, 504 and the work is dropped"},
               FIELD(request_timeout), 1ms, 24h),
      duration({"server.header_timeout", "header-timeout", "For a client to send a request's headers"},
               FIELD(header_timeout), 1ms, 24h),
      duration({"server.body_timeout", "body-timeout", "For a client to send a request's body"}, FIELD(body_timeout),
               1ms, 24h),
      duration({"server.idle_timeout", "idle-timeout", "Between two requests of one connection"}, FIELD(idle_timeout),
               1ms, 24h),
      duration({"server.write_timeout", "write-timeout", "For a client to take an answer"}, FIELD(write_timeout), 1ms,
               24h),
      duration({"server.shutdown_delay", "shutdown-delay",
                "After SIGTERM, new requests are still taken for so long, while /health/ready says 503"},
               FIELD(shutdown_delay), 0ms, 1h),
      duration({"server.drain_timeout", "drain-timeout", "After SIGTERM, for requests in flight to finish"},
               FIELD(drain_timeout), 0ms, 24h),
      boolean({"server.gzip", "gzip", "Compress JSON and text answers of 1 KiB or more for clients that accept gzip"},
              FIELD(gzip)),
      optional_text({"server.api_keys_file", "api-keys-file",
                     "File of the API keys that clients must show, one a line; SIGHUP reads it anew"},
                    "a file", FIELD(api_keys_file)),
      integer({"server.admin_port", "admin-port",
               "Port for /metrics and health alone, without API keys or TLS; 0: --port serves them"},
              FIELD(admin_port), 0, 65'535),
      text({"server.admin_host", "admin-host", "Address of the admin port"}, "an IP address", FIELD(admin_host)),
      optional_text({"server.unix_socket", "unix-socket", "Path of a Unix-domain socket to listen on, beside the port"},
                    "a path", FIELD(unix_socket)),
      permissions({"server.unix_socket_mode", "unix-socket-mode", "Permissions of the Unix-domain socket"},
                  FIELD(unix_socket_mode)),
      origins({"server.cors_origins", "cors-origins",
               "Web origins whose pages may call this server, separated by commas; * for any"},
              FIELD(cors_origins)),
      optional_text({"server.tls_certificate", "tls-certificate",
                     "PEM file of a certificate and its chain, to serve HTTPS; SIGHUP reads it and its key anew"},
                    "a file", FIELD(tls_certificate)),
      optional_text({"server.tls_key", "tls-key", "PEM file of the certificate's key"}, "a file", FIELD(tls_key)),

      integer({"engine.threads", "threads", "Threads that compute; 0 takes what CPU affinity and cgroup quota allow"},
              FIELD(engine.threads), 0, 1024),
      text({"engine.isa", "isa", "Instruction set of the kernels; auto takes the best that the CPU has"},
           "auto or the name of an instruction set", FIELD(engine.isa)),
      choice({"engine.precision", "precision",
              "Arithmetic of the products: fp32, or bf16 or int8, faster on CPUs with instructions for them"},
             "fp32|bf16|int8", FIELD(engine.precision), precision),
      choice({"engine.memory", "memory", "Bound on workspace, batches and queues, over what other options ask for"},
             "low|balanced|high", FIELD(engine.memory), memory),
      integer({"engine.max_batch", "max-batch", "Items one forward pass takes at most"}, FIELD(engine.max_batch), 1,
              1024),
      duration({"engine.max_wait", "max-wait", "How long an idle engine waits for a batch to fill; 0s starts at once"},
               FIELD(engine.max_wait), 0us, 10s),
      integer({"engine.max_queue_items", "max-queue-items",
               "Items waiting and running, for images and texts each; more get 429"},
              FIELD(engine.max_queue_items), 1, kMillion),
      size({"engine.max_queue_bytes", "max-queue-bytes",
            "Encoded bytes waiting and running, for images and texts each; more get 429"},
           FIELD(engine.max_queue_bytes), kMiB, kTiB),
      duration({"engine.stuck_after", "stuck-after",
                "How long an engine thread may be at one job before the server is not ready; 0s: for ever"},
               FIELD(engine.stuck_after), 0ms, 24h),
      duration({"engine.idle_release", "idle-release",
                "A model not used for so long leaves memory, until it is asked for again; 0s: none does"},
               FIELD(idle_release), 0ms, 24h),
      size({"engine.models_memory", "models-memory",
            "Memory for the models loaded, all together: the least recently used make room; 0 for no bound"},
           FIELD(models_memory), 0, kTiB),

      size({"image.max_encoded_bytes", "max-encoded-bytes", "Largest image file; a larger one gets 413"},
           FIELD(engine.image_limits.max_encoded_bytes), 1, kTiB),
      integer({"image.max_pixels", "max-pixels", "Width times height, checked before decoding; more get 413"},
              FIELD(engine.image_limits.max_pixels), 1, std::numeric_limits<std::int32_t>::max()),
      integer({"image.max_side", "max-side", "Longest side in pixels, checked before decoding; longer gets 413"},
              FIELD(engine.image_limits.max_side), 1, 65'535),
      size({"image.max_decode_bytes", "max-decode-bytes",
            "Memory for decoding, of all images together; those that do not fit wait"},
           FIELD(engine.image_limits.max_decode_bytes), kMiB, kTiB),
      choice({"image.exif", "exif", "EXIF orientation: ignore, as the models' reference preprocessing does, or apply"},
             "ignore|apply", FIELD(engine.exif), exif),
      choice({"image.decode", "decode", "JPEG decoding: exact, or fast, which shrinks large ones while decoding"},
             "exact|fast", FIELD(engine.decode), decode),

      choice({"log.level", "log-level", "Least severe message to log, to standard error"},
             "trace|debug|info|warn|error|off", FIELD(log_level), log_levels),
      choice({"log.format", "log-format", "How a line of the log is written"}, "text|json", FIELD(log_format),
             log_format),
      boolean({"log.access", "access-log", "Log one line a request"}, FIELD(access_log)),
  };
}

#undef FIELD

/// `text` for a one-line message: control characters escaped, the end of a long one cut.
std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 100;
  std::string result = "'";
  for (const char c : text.substr(0, kShown)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      constexpr std::string_view kHex = "0123456789abcdef";
      result.append("\\x") += kHex[static_cast<unsigned char>(c) >> 4];
      result += kHex[c & 15];
    } else {
      result += c;
    }
  }
  return result + (text.size() > kShown ? "…'" : "'");
}

ConfigError refused(const Option& option, std::string_view text, std::string_view place) {
  return ConfigError(std::string(place) + ": expected " + option.expected + ", found " + quoted(text));
}

}  // namespace

std::span<const Option> options() {
  static const std::vector<Option> table = make_options();
  return table;
}

const Option* find_option(std::string_view key) {
  const auto found = std::ranges::find(options(), key, &Option::key);
  return found == options().end() ? nullptr : &*found;
}

std::string environment_variable(const Option& option) {
  std::string name = "MOBILECLIP_";
  for (const char c : option.flag) name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

void set_option(const Option& option, std::string_view text, std::string_view place, ServerConfig& config) {
  if (!option.set(config, text)) throw refused(option, text, place);
}

void append_option(const Option& option, std::string_view text, std::string_view place, ServerConfig& config) {
  if (!option.append(config, text)) throw refused(option, text, place);
}

}  // namespace mobileclip::server
