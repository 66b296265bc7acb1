#include "server/http/router.h"

#include <algorithm>

#include "server/http/query.h"
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

/// What the pattern's parameters stand for in `path`; nullopt where it does not match.
std::optional<PathParameters> match_pattern(std::string_view pattern, std::string_view path) {
  PathParameters parameters;
  const auto segment_of = [](std::string_view& text) {
    const std::string_view segment = text.substr(0, text.find('/', 1));
    text.remove_prefix(segment.size());
    return segment;
  };
  while (!pattern.empty() && !path.empty()) {
    const std::string_view expected = segment_of(pattern);
    const std::string_view found = segment_of(path);
    if (!expected.starts_with("/{")) {
      if (found != expected) return std::nullopt;
      continue;
    }
    auto value = percent_decode(found.substr(1), SpaceAs::kPercent);
    if (!value || value->empty()) return std::nullopt;
    parameters.emplace_back(expected.substr(2, expected.size() - 3), *std::move(value));
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return parameters;
}

}  // namespace

void Router::add(std::string_view path, Endpoint endpoint) {
  auto route = std::find_if(routes_.begin(), routes_.end(), [&](const Route& r) { return r.path == path; });
  if (route == routes_.end()) route = routes_.insert(route, Route{.path = std::string(path), .endpoints = {}});
  route->endpoints.push_back(std::move(endpoint));
}

std::pair<const Router::Route*, PathParameters> Router::find(std::string_view path) const {
  const Route* found = nullptr;
  PathParameters parameters;
  for (const Route& route : routes_) {
    if (route.path == path) return {&route, {}};
    if (found != nullptr) continue;
    if (auto matched = match_pattern(route.path, path)) {
      found = &route;
      parameters = *std::move(matched);
    }
  }
  return {found, std::move(parameters)};
}

RouteMatch Router::match(const RequestHead& head) const {
  auto [route, parameters] = find(head.path());
  if (route == nullptr) {
    RouteMatch none{.route = routes_.size(), .path = "other", .endpoint = nullptr, .reply = {}, .parameters = {}};
    none.reply = head.target == "*"
                     ? options_response("GET, HEAD, POST, OPTIONS")
                     : error_response(HttpError{.status = 404,
                                                .code = "not_found",
                                                .message = "there is nothing at this path; GET / lists the routes"});
    return none;
  }

  RouteMatch match{.route = static_cast<std::size_t>(route - routes_.data()),
                   .path = route->path,
                   .endpoint = nullptr,
                   .reply = {},
                   .parameters = std::move(parameters),
                   .error_format = route->endpoints.front().error_format};
  const std::string_view method = head.method == "HEAD" ? std::string_view("GET") : std::string_view(head.method);
  const auto endpoint = std::find_if(route->endpoints.begin(), route->endpoints.end(),
                                     [&](const Endpoint& e) { return e.method == method; });
  if (endpoint != route->endpoints.end()) {
    match.endpoint = &*endpoint;
    match.error_format = endpoint->error_format;
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
