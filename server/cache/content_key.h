// What an embedding depends on, as one SHA-256.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "engine/runtime/engine.h"

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace mobileclip::server {

/// Two inputs of one key have one embedding: nobody can make two of one SHA-256, not even on purpose.
using ContentKey = std::array<std::byte, 32>;

struct ContentKeyHash {
  /// Any bytes of a SHA-256 are as good as others.
  std::size_t operator()(const ContentKey& key) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, key.data(), sizeof hash);
    return hash;
  }
};

/// Thread-safe.
class ContentHasher {
 public:
  /// What all of a server's answers depend on: model, arithmetic, preprocessing.
  ContentHasher(const EngineInfo& info, const EngineOptions& options);
  ~ContentHasher();
  ContentHasher(const ContentHasher&) = delete;
  ContentHasher& operator=(const ContentHasher&) = delete;

  /// Of an image's encoded bytes or a text's, with the options that change its answer. Takes about a millisecond for
  /// 1 MB at worst. Throws std::bad_alloc, std::runtime_error where OpenSSL fails.
  [[nodiscard]] ContentKey key(Lane lane, const EmbedRequest& request, std::span<const std::byte> content) const;

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> begun_;  ///< has taken in what all answers depend on
};

}  // namespace mobileclip::server
