// Every option of `serve`, with its default. config/server.yaml documents the same list for users.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/runtime/engine.h"

namespace mobileclip::server {

enum class LogFormat { kText, kJson };

struct ServerConfig {
  std::vector<std::filesystem::path> models;  ///< model directories, or directories of such; the first is the default
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any free one, printed at start-up
  int io_threads = 1;

  EngineOptions engine;
  std::chrono::milliseconds idle_release{0};  ///< a model that was not used for so long leaves memory; 0: none does
  std::size_t models_memory = 0;              ///< bytes of all models in memory; 0: no bound

  std::size_t max_body_bytes = 64u << 20;
  std::size_t max_bodies_bytes = 1u << 30;            ///< of all requests together; one of max_body_bytes always fits
  std::size_t text_cache = 64u << 20;                 ///< bytes of embeddings to remember; 0: none
  std::size_t image_cache = 0;                        ///< the same for images
  std::size_t max_items_per_request = 256;            ///< images or texts in one call
  std::size_t max_label_set_bytes = 64u << 20;        ///< all label sets together
  std::chrono::milliseconds request_timeout{30'000};  ///< from the last byte read to the first byte written
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{60'000};
  std::chrono::milliseconds idle_timeout{60'000};  ///< between requests of one connection
  std::chrono::milliseconds write_timeout{30'000};
  std::chrono::milliseconds shutdown_delay{500};    ///< after SIGTERM, while new work is still taken
  std::chrono::milliseconds drain_timeout{30'000};  ///< after SIGTERM, for what is in flight; the delay is part of it
  std::size_t max_connections = 4096;
  bool gzip = true;                     ///< compress responses for clients that ask for it
  std::filesystem::path api_keys_file;  ///< empty: no key is asked for
  std::uint16_t admin_port = 0;         ///< 0: none
  std::string admin_host = "127.0.0.1";
  std::filesystem::path unix_socket;  ///< empty: none
  std::filesystem::perms unix_socket_mode = std::filesystem::perms{0660};
  std::vector<std::string> cors_origins;  ///< empty: none; {"*"}: any
  std::filesystem::path tls_certificate;  ///< empty: HTTP in the clear
  std::filesystem::path tls_key;

  std::string log_level = "info";  ///< trace, debug, info, warn, error, off
  LogFormat log_format = LogFormat::kText;
  bool access_log = false;  ///< one line a request
};

}  // namespace mobileclip::server
