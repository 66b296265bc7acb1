#include "server/http/router.h"

#include <algorithm>

#include "server/http/responses.h"

namespace mobileclip::server {
namespace {

std::string allow(const std::vector<Endpoint>& endpoints) {
  std::string methods;
  for (const Endpoint& endpoint : endpoints)
    methods += endpoint.method + (endpoint.method == "GET" ? ", HEAD, " : ", ");
  return methods + "OPTIONS";
}

Response options_response(std::string allowed) {
  Response response{.status = 204, .content_type = {}, .body = {}, .headers = {}};
  response.headers.add("Allow", std::move(allowed));
  return response;
}

}  // namespace

void Router::add(std::string_view path, Endpoint endpoint) {
  auto route = std::find_if(routes_.begin(), routes_.end(), [&](const Route& r) { return r.path == path; });
  if (route == routes_.end()) route = routes_.insert(route, Route{.path = std::string(path), .endpoints = {}});
  route->endpoints.push_back(std::move(endpoint));
}

RouteMatch Router::match(const RequestHead& head) const {
  const auto route =
      std::find_if(routes_.begin(), routes_.end(), [&](const Route& r) { return r.path == head.path(); });
  if (route == routes_.end()) {
    RouteMatch none{.route = routes_.size(), .path = "other", .endpoint = nullptr, .reply = {}};
    none.reply = head.target == "*"
                     ? options_response("GET, HEAD, POST, OPTIONS")
                     : error_response(HttpError{.status = 404,
                                                .code = "not_found",
                                                .message = "there is nothing at this path; GET / lists the routes"});
    return none;
  }

  RouteMatch match{.route = static_cast<std::size_t>(route - routes_.begin()),
                   .path = route->path,
                   .endpoint = nullptr,
                   .reply = {}};
  const std::string_view method = head.method == "HEAD" ? std::string_view("GET") : std::string_view(head.method);
  const auto endpoint = std::find_if(route->endpoints.begin(), route->endpoints.end(),
                                     [&](const Endpoint& e) { return e.method == method; });
  if (endpoint != route->endpoints.end()) {
    match.endpoint = &*endpoint;
  } else if (head.method == "OPTIONS") {
    match.reply = options_response(allow(route->endpoints));
  } else {
    std::string allowed = allow(route->endpoints);
    match.reply = error_response(
        HttpError{.status = 405, .code = "method_not_allowed", .message = route->path + " takes " + allowed});
    match.reply.headers.add("Allow", std::move(allowed));
  }
  return match;
}

std::vector<std::string> Router::paths() const {
  std::vector<std::string> paths;
  for (const Route& route : routes_) paths.push_back(route.path);
  return paths;
}

}  // namespace mobileclip::server
