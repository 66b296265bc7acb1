// Which handler answers a method on a path; and the answers that need none. A path is a pattern: "{name}" stands for
// one segment, whatever it is.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/access.h"
#include "server/http/message.h"
#include "server/http/request_scope.h"

namespace mobileclip::server {

/// Runs on its connection's executor; must not block. What it throws becomes a 500, or 503 where memory ran out.
using Handler = std::function<boost::asio::awaitable<Response>(const Request&, RequestScope&)>;

class StreamExchange;

/// As Handler, for a response that is written while the request's body is read. The response, where the request is
/// refused before anything is written; nullopt once the exchange has answered or its client has left.
using StreamHandler =
    std::function<boost::asio::awaitable<std::optional<Response>>(const Request&, RequestScope&, StreamExchange&)>;

enum class EndpointKind {
  kControl,  ///< health, metrics, information: answered in every phase
  kWork,     ///< keeps the engine busy: has a body, refused while the server stops
  kStream,   ///< the same, with a body of any length
};

struct Endpoint {
  std::string method;
  EndpointKind kind;
  Handler handler;                     ///< of kControl and kWork
  StreamHandler stream = {};           ///< of kStream
  ErrorFormat error_format = nullptr;  ///< of every error on this route, whoever finds it; null: the native one
  Access access = Access::kKeyed;
};

struct RouteMatch {
  Metrics::RouteIndex route;  ///< index among paths(); paths().size() where there is none
  std::string_view path;      ///< the route's pattern, never the client's path; "other" where there is none
  const Endpoint* endpoint;   ///< null where `reply` is the answer
  Response reply;             ///< 404, 405 with Allow, or OPTIONS's 204 with Allow
  PathParameters parameters;
  ErrorFormat error_format = nullptr;
};

/// Filled before the first match(), then read by any number of threads.
class Router {
 public:
  /// Several methods of a path are several calls. Where two patterns match, the one without parameters wins, then the
  /// one that was added first. GET answers HEAD, too: the session leaves out the body.
  void add(std::string_view path, Endpoint endpoint);

  [[nodiscard]] RouteMatch match(const RequestHead& head) const;
  [[nodiscard]] std::vector<std::string> paths() const;
  [[nodiscard]] std::size_t size() const { return routes_.size(); }

 private:
  struct Route {
    std::string path;
    std::vector<Endpoint> endpoints;
  };
  [[nodiscard]] std::pair<const Route*, PathParameters> find(std::string_view path) const;

  std::vector<Route> routes_;
};

}  // namespace mobileclip::server
