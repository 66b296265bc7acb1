#include "server/http/message.h"

#include <charconv>

#include "server/http/ascii.h"

namespace mobileclip::server {
namespace {

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (equals_ignoring_case(trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

std::string_view RequestHead::path() const { return std::string_view(target).substr(0, target.find('?')); }

std::string_view RequestHead::query() const {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::optional<std::uint64_t> RequestHead::content_length() const {
  const auto text = headers.find("Content-Length");
  if (!text) return std::nullopt;
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return length;
}

bool RequestHead::chunked() const {
  const auto coding = headers.find("Transfer-Encoding");
  return coding && equals_ignoring_case(*coding, "chunked");
}

bool RequestHead::keep_alive() const {
  bool close = false;
  bool keep = false;
  for (const auto& [name, value] : headers) {
    if (!equals_ignoring_case(name, "Connection")) continue;
    close = close || has_token(value, "close");
    keep = keep || has_token(value, "keep-alive");
  }
  return !close && (version >= 11 || keep);
}

bool RequestHead::expects_continue() const {
  const auto expect = headers.find("Expect");
  return version >= 11 && expect && equals_ignoring_case(*expect, "100-continue");
}

}  // namespace mobileclip::server
