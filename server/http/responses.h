// The kinds of response that handlers and the session give.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "server/http/message.h"

namespace mobileclip::server {

Response json_response(std::string body, unsigned status = 200);
Response text_response(std::string body, std::string content_type);

/// {"error": {"code", "message"}} under the error's status; 429 and 503 say Retry-After.
Response error_response(const Error& error);
Response error_response(const HttpError& error);

struct ItemError {
  std::size_t index;
  Error error;
};

/// Some items of a request are at fault: the status is the first one's, all are listed. `input` names their list where
/// a request has several, else it is empty. `errors` is not empty.
Response item_error_response(std::span<const ItemError> errors, std::string_view input);

Response error_response(Refusal refusal);

/// Rewrites an error in another protocol's shape, and keeps its headers. Null is the native one.
void apply_error_format(Response& response, ErrorFormat format);

}  // namespace mobileclip::server
