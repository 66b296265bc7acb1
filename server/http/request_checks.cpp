#include "server/http/request_checks.h"

#include <algorithm>

#include "server/http/ascii.h"

namespace mobileclip::server {
namespace {

HttpError malformed(std::string message) {
  return {.status = 400, .code = "malformed_request", .message = std::move(message)};
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() <= 19 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<HttpError> check_target(const RequestHead& head) {
  const std::string_view target = head.target;
  if (target.size() > kMaxTargetBytes) {
    return HttpError{.status = 414,
                     .code = "uri_too_long",
                     .message = "the request target is longer than " + std::to_string(kMaxTargetBytes) + " bytes"};
  }
  if (target == "*" && head.method == "OPTIONS") return std::nullopt;
  if (!target.starts_with('/')) return malformed("the request target must be a path");
  const bool printable = std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!printable) return malformed("the request target has bytes that must be percent-encoded");
  if (target.find('#') != std::string_view::npos) return malformed("the request target has a fragment");
  return std::nullopt;
}

std::optional<HttpError> check_host(const RequestHead& head) {
  const std::size_t hosts = head.headers.count("Host");
  if (hosts > 1) return malformed("more than one Host header");
  if (hosts == 0) return head.version >= 11 ? std::optional(malformed("the Host header is missing")) : std::nullopt;
  constexpr std::string_view kOthers = "-._~!$&'()*+;=%:[]";  // RFC 3986's host and port, without the comma of lists
  if (!consists_of_alphanumerics_and(kOthers, *head.headers.find("Host")))
    return malformed("the Host header is not a host");
  return std::nullopt;
}

std::optional<HttpError> check_framing(const RequestHead& head) {
  const std::size_t lengths = head.headers.count("Content-Length");
  const std::size_t codings = head.headers.count("Transfer-Encoding");
  if (lengths > 1) return malformed("more than one Content-Length header");
  if (lengths == 1 && !is_digits(*head.headers.find("Content-Length")))
    return malformed("Content-Length is not a number");
  if (codings == 0) return std::nullopt;
  if (lengths > 0) return malformed("Content-Length and Transfer-Encoding together");
  if (head.version < 11) return malformed("Transfer-Encoding in HTTP/1.0");
  if (codings > 1) return malformed("more than one Transfer-Encoding header");
  if (!head.chunked()) {
    return HttpError{
        .status = 501, .code = "not_implemented", .message = "the only Transfer-Encoding understood is \"chunked\""};
  }
  return std::nullopt;
}

std::optional<HttpError> check_expectation(const RequestHead& head) {
  const auto expect = head.headers.find("Expect");
  if (!expect || head.version < 11 || head.expects_continue()) return std::nullopt;
  return HttpError{
      .status = 417, .code = "expectation_failed", .message = "the only Expect understood is \"100-continue\""};
}

}  // namespace

std::optional<HttpError> check_raw_head(std::string_view head) {
  std::size_t fields = 0;
  for (std::size_t at = 0; at < head.size();) {
    const std::size_t end = head.find('\n', at);
    if (end == std::string_view::npos || end == at || head[end - 1] != '\r')
      return malformed("a line that does not end in CRLF");
    const std::string_view line = head.substr(at, end - 1 - at);
    if (at > 0 && (line.starts_with(' ') || line.starts_with('\t'))) return malformed("a folded header line");
    const bool control = std::any_of(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    });
    if (control) return malformed("a control character in the request's head");
    fields += at > 0 && !line.empty() ? 1 : 0;
    at = end + 1;
  }
  if (fields > kMaxHeaderFields) {
    return HttpError{.status = 431,
                     .code = "headers_too_large",
                     .message = "more than " + std::to_string(kMaxHeaderFields) + " header fields"};
  }
  return std::nullopt;
}

std::optional<HttpError> check_request_head(const RequestHead& head) {
  if (auto error = check_target(head)) return error;
  if (auto error = check_host(head)) return error;
  if (auto error = check_framing(head)) return error;
  if (head.headers.count("Content-Type") > 1) return malformed("more than one Content-Type header");
  return check_expectation(head);
}

}  // namespace mobileclip::server
