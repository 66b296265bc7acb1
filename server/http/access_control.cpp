#include "server/http/access_control.h"

#include "server/http/responses.h"

namespace mobileclip::server {

std::optional<Response> AccessControl::refuse(const RequestHead& head, const Endpoint& endpoint) const {
  if (keys_ == nullptr || endpoint.access == Access::kProbe || keys_->accept(head.headers)) return std::nullopt;
  Response response = error_response(
      HttpError{.status = 401,
                .code = "unauthorized",
                .message = "expected a valid API key, as Authorization: Bearer KEY, X-API-Key: KEY or api-key: KEY"});
  response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace mobileclip::server
