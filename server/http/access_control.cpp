#include "server/http/access_control.h"

#include "server/http/responses.h"

namespace mobileclip::server {

bool AccessControl::serves(Access access) const {
  if (port_ == Port::kWork) return access != Access::kMetrics;
  return port_ == Port::kOnly || access == Access::kProbe || access == Access::kMetrics;
}

bool AccessControl::asks_for_key(Access access) const {
  return keys_ != nullptr && port_ != Port::kAdmin && (access == Access::kKeyed || access == Access::kMetrics);
}

std::optional<Response> AccessControl::refuse(const RequestHead& head, const Endpoint& endpoint) const {
  if (!serves(endpoint.access)) {
    return error_response(HttpError{.status = 404,
                                    .code = "not_found",
                                    .message = port_ == Port::kAdmin
                                                   ? "this is the admin port: it serves /metrics and health only"
                                                   : "the admin port serves this path"});
  }
  if (!asks_for_key(endpoint.access) || keys_->accept(head.headers)) return std::nullopt;
  Response response = error_response(
      HttpError{.status = 401,
                .code = "unauthorized",
                .message = "expected a valid API key, as Authorization: Bearer KEY, X-API-Key: KEY or api-key: KEY"});
  response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace mobileclip::server
