// A request's head: the checks on the wire's bytes, those on the parsed head, and what reads single fields of it.
#include "server/http/ascii.h"
#include "server/http/media_type.h"
#include "server/http/message.h"
#include "server/http/multipart.h"
#include "server/http/negotiation.h"
#include "server/http/query.h"
#include "server/http/request_checks.h"
#include "server/http/request_timeout.h"
#include "tests/fuzz/check.h"

namespace mobileclip::server {
namespace {

/// As lenient as the checks allow: line by line, at the first spaces and colons.
RequestHead parse(std::string_view text) {
  RequestHead head;
  const std::size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  head.method = line.substr(0, first);
  if (first != std::string_view::npos && last > first) head.target = line.substr(first + 1, last - first - 1);
  head.version = line.ends_with("1.0") ? 10 : 11;
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find("\r\n"));
    text.remove_prefix(std::min(field.size() + 2, text.size()));
    const std::size_t colon = field.find(':');
    if (colon != std::string_view::npos)
      head.headers.add(std::string(field.substr(0, colon)), std::string(trim(field.substr(colon + 1))));
  }
  return head;
}

void check_error(const HttpError& error) {
  CHECK(error.status >= 400 && error.status < 600);
  CHECK(!error.code.empty() && !error.message.empty());
}

void read_fields_of(const RequestHead& head) {
  if (const auto query = parse_query(head.query())) {
    std::size_t bytes = 0;
    for (const auto& [name, value] : *query) bytes += name.size() + value.size();
    CHECK(bytes <= head.query().size());
  }
  if (const auto path = percent_decode(head.path(), SpaceAs::kPercent)) CHECK(path->size() <= head.path().size());
  static constexpr std::string_view kOffered[] = {"application/json", "application/octet-stream", "application/x-npy"};
  for (const auto& [name, value] : head.headers) {
    if (const auto chosen = choose_media_type(value, kOffered)) CHECK(*chosen < std::size(kOffered));
    (void)prefers_gzip(value);
    if (const auto type = parse_parameterized(value)) {
      CHECK(!type->value.empty() && to_lower(type->value) == type->value);
      for (const auto& [parameter, text] : type->parameters) CHECK(*type->find(parameter) == text);
    }
  }
  constexpr std::chrono::seconds kMost{30};
  if (const auto timeout = request_timeout(head.headers, kMost)) CHECK(timeout->count() > 0 && *timeout <= kMost);
}

/// One reading, or none: what the checks are for.
void check_accepted(const RequestHead& head) {
  CHECK(head.target.starts_with('/') || head.target == "*");
  CHECK(head.target.size() <= kMaxTargetBytes);
  CHECK(head.target.find_first_of("# \r\n") == std::string::npos);
  CHECK(!(head.chunked() && head.content_length()));
  CHECK(head.headers.count("Host") == 1 || (head.version < 11 && head.headers.count("Host") == 0));
  CHECK(head.headers.count("Content-Length") <= 1 && head.headers.count("Content-Type") <= 1);
  CHECK(head.headers.count("Transfer-Encoding") == (head.chunked() ? 1 : 0));
  CHECK(head.headers.count("Content-Length") == (head.content_length() ? 1 : 0));
}

void run(std::string_view text) {
  if (const auto error = check_raw_head(text)) return check_error(*error);
  CHECK(text.find("\n ") == std::string_view::npos && text.find('\0') == std::string_view::npos);
  const RequestHead head = parse(text);
  read_fields_of(head);
  if (const auto error = check_request_head(head)) return check_error(*error);
  check_accepted(head);
}

}  // namespace
}  // namespace mobileclip::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mobileclip::server::run(mobileclip::fuzz::text_of(data, size));
  return 0;
}
