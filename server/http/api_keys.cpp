#include "server/http/api_keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "server/http/ascii.h"
#include "server/http/secret_file.h"

namespace mobileclip::server {
namespace {

constexpr std::uintmax_t kMaxFileBytes = 1u << 20;

/// The key in a field's value; nullopt where the field is none that holds one.
std::optional<std::string_view> key_in(std::string_view name, std::string_view value) {
  if (equals_ignoring_case(name, "X-API-Key") || equals_ignoring_case(name, "api-key")) return trim(value);
  if (!equals_ignoring_case(name, "Authorization")) return std::nullopt;
  constexpr std::string_view kScheme = "Bearer ";  // RFC 6750 section 2.1; schemes ignore case (RFC 9110 section 11.1)
  value = trim(value);
  if (!equals_ignoring_case(value.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  return trim(value.substr(kScheme.size()));
}

bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

ApiKeys::ApiKeys(std::filesystem::path file) : file_(std::move(file)) { reload(); }

void ApiKeys::reload() {
  auto read_now = std::make_shared<const Digests>(read());
  const std::lock_guard lock(mutex_);
  digests_ = std::move(read_now);
}

ApiKeys::Digests ApiKeys::read() const {
  const auto fail = [this](const std::string& reason) {
    return std::runtime_error("API keys: " + file_.string() + reason);
  };
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file_, error);
  if (!std::filesystem::is_regular_file(status)) {
    throw fail(std::filesystem::exists(status) ? ": expected a regular file" : ": there is no such file");
  }
  const std::uintmax_t size = std::filesystem::file_size(file_, error);
  if (!error && size > kMaxFileBytes) {
    throw fail(": expected at most " + std::to_string(kMaxFileBytes) + " bytes, found " + std::to_string(size));
  }
  errno = 0;
  std::ifstream stream(file_);
  if (!stream) throw fail(std::string(": ") + std::strerror(errno));

  Digests digests;
  std::string line;
  for (std::size_t number = 1; std::getline(stream, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    const std::string_view key = trim(line);
    if (key.empty() || key.front() == '#') continue;
    if (!is_visible_ascii(key)) {
      throw fail(":" + std::to_string(number) + ": expected one key of visible ASCII characters, without spaces");
    }
    digests.push_back(digest_of(key));
  }
  if (stream.bad()) throw fail(": reading it failed");
  if (digests.empty()) throw fail(": expected at least one key, found none");

  warn_if_world_readable(file_, "API keys");
  return digests;
}

std::shared_ptr<const ApiKeys::Digests> ApiKeys::digests() const {
  const std::lock_guard lock(mutex_);
  return digests_;
}

bool ApiKeys::accept(const Headers& headers) const {
  const auto known = digests();
  bool found = false;
  for (const auto& [name, value] : headers) {
    if (const auto key = key_in(name, value)) found |= contains(*known, *key);
  }
  return found;
}

bool ApiKeys::contains(const Digests& digests, std::string_view key) {
  const Digest asked = digest_of(key);
  bool found = false;
  for (const Digest& digest : digests) found |= CRYPTO_memcmp(digest.data(), asked.data(), digest.size()) == 0;
  return found;
}

ApiKeys::Digest ApiKeys::digest_of(std::string_view key) {
  Digest digest;
  if (EVP_Digest(key.data(), key.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL's SHA-256 failed");
  }
  return digest;
}

}  // namespace mobileclip::server
