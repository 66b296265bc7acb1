// Requests and responses as handlers see them: plain data, no socket and no HTTP library.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/deadline.h"
#include "server/http/headers.h"
#include "server/http/refusal.h"
#include "server/http/request_trace.h"

namespace mobileclip::server {

struct RequestHead {
  std::string method;  ///< as sent: methods are case-sensitive
  std::string target;  ///< origin form: path and query
  int version = 11;    ///< 10 or 11
  Headers headers;

  [[nodiscard]] std::string_view path() const;
  [[nodiscard]] std::string_view query() const;  ///< without the "?"
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;
  [[nodiscard]] bool chunked() const;
  [[nodiscard]] bool has_body() const { return chunked() || content_length().value_or(0) > 0; }
  /// Whether the client wants the connection kept (RFC 9112 section 9.3).
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool expects_continue() const;
};

/// Shared with images that lie in it.
using SharedBody = std::shared_ptr<const std::string>;

/// What stands in a path where its route's pattern has {name}: decoded, in the pattern's order.
using PathParameters = std::vector<std::pair<std::string, std::string>>;

struct Request {
  RequestHead head;
  SharedBody body = std::make_shared<const std::string>();
  Deadline deadline = Deadline::never();
  std::chrono::microseconds timeout{0};  ///< what X-Request-Timeout grants, also each item of a stream; 0: unsaid
  std::shared_ptr<std::atomic<bool>> abandoned = std::make_shared<std::atomic<bool>>(false);  ///< the client went away
  PathParameters path_parameters = {};  ///< of the route's pattern
  std::shared_ptr<RequestTrace> trace = std::make_shared<RequestTrace>();  ///< for whoever serves it to add to
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  Headers headers;                      ///< beyond Content-Type, Content-Length, Date, Server and Connection
  std::optional<Refusal> refusal = {};  ///< of an error: what `body` says in the native shape
};

/// What is wrong with a request as HTTP, before any handler sees it.
struct HttpError {
  unsigned status;
  std::string_view code;  ///< of the reply's "code": a literal
  std::string message;
};

}  // namespace mobileclip::server
