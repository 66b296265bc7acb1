#include "server/http/request_timeout.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "server/http/ascii.h"

namespace mobileclip::server {
namespace {

constexpr std::size_t kMaxQuoted = 64;  // of a client's header in a message

std::optional<std::chrono::microseconds> parse_timeout(std::string_view text) {
  const bool in_milliseconds = text.ends_with("ms");
  if (text.ends_with('s')) text.remove_suffix(in_milliseconds ? 2 : 1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  const double seconds = in_milliseconds ? number / 1e3 : number;
  const double most = std::chrono::duration<double>(kMaxRequestedTimeout).count();
  if (!whole || !(seconds > 0) || seconds > most) return std::nullopt;
  return std::chrono::ceil<std::chrono::microseconds>(std::chrono::duration<double>(seconds));
}

}  // namespace

Result<std::chrono::microseconds> request_timeout(const Headers& headers, std::chrono::microseconds most) {
  const auto text = headers.list("X-Request-Timeout");
  if (!text) return most;
  const auto requested = parse_timeout(trim(*text));
  if (!requested) {
    return Error{ErrorCode::kInvalidArgument,
                 "X-Request-Timeout: expected seconds, more than 0 and at most 86400, written like 2.5, 2.5s or 500ms; "
                 "found \"" +
                     text->substr(0, kMaxQuoted) + "\""};
  }
  return std::min(*requested, most);
}

}  // namespace mobileclip::server
