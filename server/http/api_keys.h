// The API keys that clients must show, from a file.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "server/http/headers.h"

namespace mobileclip::server {

/// Thread-safe. Holds the keys' SHA-256 digests, never the keys.
class ApiKeys {
 public:
  /// Reads `file`: one key a line, of visible ASCII characters; empty lines and lines that begin with # are passed
  /// over. Throws std::runtime_error naming file, line and what was expected, never what a line holds.
  explicit ApiKeys(std::filesystem::path file);

  /// Reads the file anew. Throws as the constructor, and then the keys stay as they were.
  void reload();

  /// Whether one of `Authorization: Bearer KEY`, `X-API-Key: KEY` and `api-key: KEY` holds a key. The time it takes
  /// does not depend on which key, or how much of one, is right.
  [[nodiscard]] bool accept(const Headers& headers) const;

  [[nodiscard]] std::size_t size() const { return digests()->size(); }

 private:
  using Digest = std::array<unsigned char, 32>;
  using Digests = std::vector<Digest>;

  [[nodiscard]] Digests read() const;
  [[nodiscard]] std::shared_ptr<const Digests> digests() const;
  static Digest digest_of(std::string_view key);
  static bool contains(const Digests& digests, std::string_view key);

  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Digests> digests_;
};

}  // namespace mobileclip::server
