#include "server/http/admission.h"

#include "server/http/responses.h"

namespace mobileclip::server {

HttpError body_too_large(std::size_t max_body_bytes) {
  return {.status = 413,
          .code = "body_too_large",
          .message = "the body is larger than the limit of " + std::to_string(max_body_bytes) + " bytes"};
}

HttpError no_room_for_body() {
  return {.status = 429,
          .code = "overloaded",
          .message = "the requests being served hold all the memory that request bodies may take"};
}

std::optional<Response> Admission::refuse(const RequestHead& head, const Endpoint& endpoint) const {
  const bool whole = endpoint.kind != EndpointKind::kStream;
  if (whole && head.content_length().value_or(0) > max_body_bytes_)
    return error_response(body_too_large(max_body_bytes_));
  if (endpoint.kind == EndpointKind::kControl) return std::nullopt;
  if (lifecycle_.phase() == Lifecycle::Phase::kRefusing) {
    return error_response(Error{ErrorCode::kUnavailable, "the server is shutting down"});
  }
  if (!head.chunked() && !head.content_length()) {
    return error_response(HttpError{.status = 411,
                                    .code = "length_required",
                                    .message = "expected a body: Content-Length or Transfer-Encoding: chunked"});
  }
  if (head.content_length().value_or(0) > budget_.free()) return error_response(no_room_for_body());
  return std::nullopt;
}

}  // namespace mobileclip::server
