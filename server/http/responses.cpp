#include "server/http/responses.h"

#include <vector>

#include "proto_json/replies.h"
#include "server/http/http_status.h"

namespace mobileclip::server {
namespace {

constexpr const char* kRetryAfterSeconds = "1";  // a queue of the default length is worked off in about that time

Response refusal(unsigned status, const proto::ErrorReply& reply) {
  Response response = json_response(proto::error_reply(reply), status);
  if (status == 429 || status == 503) response.headers.add("Retry-After", kRetryAfterSeconds);
  return response;
}

}  // namespace

Response json_response(std::string body, unsigned status) {
  return {.status = status, .content_type = "application/json", .body = std::move(body), .headers = {}};
}

Response text_response(std::string body, std::string content_type) {
  return {.status = 200, .content_type = std::move(content_type), .body = std::move(body), .headers = {}};
}

Response error_response(const Error& error) {
  return refusal(http_status(error.code), {.code = error_name(error.code), .message = error.message, .input = {}});
}

Response error_response(const HttpError& error) {
  return refusal(error.status, {.code = error.code, .message = error.message, .input = {}});
}

Response item_error_response(std::span<const ItemError> errors, std::string_view input) {
  std::vector<proto::ItemFailure> items;
  items.reserve(errors.size());
  for (const auto& [index, error] : errors) {
    items.push_back({.index = index, .code = error_name(error.code), .message = error.message});
  }
  const Error& first = errors.front().error;
  return refusal(http_status(first.code),
                 {.code = items.front().code, .message = first.message, .input = input, .items = items});
}

}  // namespace mobileclip::server
