// Which web pages' scripts may read our answers (https://fetch.spec.whatwg.org/#http-cors-protocol).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.h"

namespace mobileclip::server {

/// Thread-safe. Cookies play no part: Access-Control-Allow-Credentials is never sent.
class Cors {
 public:
  /// `origins` as parse_origins() (server/config/origins.h) gives them; none: browsers are told nothing.
  explicit Cors(std::vector<std::string> origins = {}) : origins_(std::move(origins)) {}

  /// Adds what a browser wants to see to the answer to `head`, also to a preflight's. An origin that is not listed is
  /// never named.
  void apply(const RequestHead& head, Response& response) const;

 private:
  [[nodiscard]] bool allows_any() const;
  [[nodiscard]] bool allows(std::string_view origin) const;

  std::vector<std::string> origins_;
};

}  // namespace mobileclip::server
