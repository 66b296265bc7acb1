#include "server/http/responses.h"

#include <vector>

#include "proto_json/replies.h"
#include "server/http/http_status.h"

namespace mobileclip::server {
namespace {

constexpr const char* kRetryAfterSeconds = "1";  // a queue of the default length is worked off in about that time

std::string native_body(const Refusal& refusal) {
  std::vector<proto::ItemFailure> items;
  items.reserve(refusal.items.size());
  for (const auto& [index, code, message] : refusal.items)
    items.push_back({.index = index, .code = code, .message = message});
  return proto::error_reply({.code = refusal.code, .message = refusal.message, .input = refusal.input, .items = items});
}

}  // namespace

Response json_response(std::string body, unsigned status) {
  return {.status = status, .content_type = "application/json", .body = std::move(body), .headers = {}};
}

Response text_response(std::string body, std::string content_type) {
  return {.status = 200, .content_type = std::move(content_type), .body = std::move(body), .headers = {}};
}

Response error_response(Refusal refusal) {
  Response response = json_response(native_body(refusal), refusal.status);
  if (refusal.status == 429 || refusal.status == 503) response.headers.add("Retry-After", kRetryAfterSeconds);
  response.refusal = std::move(refusal);
  return response;
}

Response error_response(const Error& error) {
  return error_response(Refusal{.status = http_status(error.code),
                                .code = std::string(error_name(error.code)),
                                .message = error.message,
                                .input = {},
                                .items = {}});
}

Response error_response(const HttpError& error) {
  return error_response(Refusal{
      .status = error.status, .code = std::string(error.code), .message = error.message, .input = {}, .items = {}});
}

Response item_error_response(std::span<const ItemError> errors, std::string_view input) {
  const Error& first = errors.front().error;
  Refusal refusal{.status = http_status(first.code),
                  .code = std::string(error_name(first.code)),
                  .message = first.message,
                  .input = std::string(input),
                  .items = {}};
  for (const auto& [index, error] : errors) {
    refusal.items.push_back({.index = index, .code = std::string(error_name(error.code)), .message = error.message});
  }
  return error_response(std::move(refusal));
}

void apply_error_format(Response& response, ErrorFormat format) {
  if (format == nullptr || !response.refusal) return;
  auto [status, body] = format(*response.refusal);
  response.status = status;
  response.body = std::move(body);
  response.content_type = "application/json";
}

}  // namespace mobileclip::server
