#include "server/cache/content_key.h"

#include <openssl/evp.h>

#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>

namespace mobileclip::server {
namespace {

void check(int succeeded) {
  if (succeeded != 1) throw std::runtime_error("OpenSSL's SHA-256 failed");
}

void update(EVP_MD_CTX* context, std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(context, bytes.data(), bytes.size()));
}

void update_number(EVP_MD_CTX* context, std::int64_t number) { update(context, std::as_bytes(std::span(&number, 1))); }

/// With its length, so that what follows cannot be taken for its end.
void update_text(EVP_MD_CTX* context, std::string_view text) {
  update_number(context, static_cast<std::int64_t>(text.size()));
  update(context, std::as_bytes(std::span(text)));
}

}  // namespace

void ContentHasher::Free::operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }

ContentHasher::ContentHasher(const EngineInfo& info, const EngineOptions& options) : begun_(EVP_MD_CTX_new()) {
  if (!begun_) throw std::bad_alloc();
  check(EVP_DigestInit_ex(begun_.get(), EVP_sha256(), nullptr));
  for (const std::string& text : {info.model, info.fingerprint, info.precision, info.isa})
    update_text(begun_.get(), text);
  update_number(begun_.get(), static_cast<int>(options.exif));
  update_number(begun_.get(), static_cast<int>(options.decode));
}

ContentHasher::~ContentHasher() = default;

ContentKey ContentHasher::key(Lane lane, const EmbedRequest& request, std::span<const std::byte> content) const {
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  if (!context) throw std::bad_alloc();
  check(EVP_MD_CTX_copy_ex(context.get(), begun_.get()));
  // Of fixed length, or preceded by it: the content, which is neither, comes last.
  for (const std::int64_t option : {std::int64_t{static_cast<int>(lane)}, std::int64_t{request.normalize},
                                    std::int64_t{request.dimensions}, std::int64_t{request.truncate}})
    update_number(context.get(), option);
  // A name of no characters is one, too.
  update_number(context.get(), static_cast<int>(request.prompt_name.has_value()));
  update_text(context.get(), request.prompt_name.value_or(""));
  update(context.get(), content);
  ContentKey key;
  check(EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(key.data()), nullptr));
  return key;
}

}  // namespace mobileclip::server
