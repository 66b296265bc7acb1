#include "server/handlers/html_page.h"

#include <openssl/evp.h>

#include <array>
#include <span>
#include <stdexcept>
#include <string>

#include "engine/base/base64.h"
#include "server/http/responses.h"

namespace mobileclip::server {
namespace {

/// As CSP wants it: 'sha256-<base64>' (www.w3.org/TR/CSP3, section 2.3.1).
std::string hash_source(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL's SHA-256 failed");
  }
  return "'sha256-" + encode_base64(std::as_bytes(std::span(digest).first(size))) + "'";
}

/// What stands between the first <tag> and its end.
std::string_view content_of(std::string_view page, std::string_view tag) {
  const std::string begin = "<" + std::string(tag) + ">";
  const std::string end = "</" + std::string(tag) + ">";
  const std::size_t at = page.find(begin);
  if (at == std::string_view::npos) return {};
  page.remove_prefix(at + begin.size());
  return page.substr(0, page.find(end));
}

}  // namespace

Response html_page(std::string_view page) {
  Response response = text_response(std::string(page), "text/html; charset=utf-8");
  response.headers.add("Content-Security-Policy",
                       "default-src 'none'; script-src " + hash_source(content_of(page, "script")) + "; style-src " +
                           hash_source(content_of(page, "style")) +
                           "; img-src blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                           "frame-ancestors 'none'");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("Referrer-Policy", "no-referrer");
  response.headers.add("Cache-Control", "no-cache");
  return response;
}

}  // namespace mobileclip::server
