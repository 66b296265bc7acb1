// Embeddings by content, as many as fit a number of bytes; the least recently used go first.
#pragma once

#include <cstddef>
#include <list>
#include <unordered_map>

#include "server/cache/content_key.h"

namespace mobileclip::server {

/// One thread at a time.
class EmbeddingLru {
 public:
  explicit EmbeddingLru(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// Null where it is not there; else valid until the next insert().
  [[nodiscard]] const EmbeddedItem* find(const ContentKey& key);
  /// Makes room by dropping others and returns how many. One that is there already, or that alone takes more than all
  /// the room, changes nothing.
  std::size_t insert(const ContentKey& key, EmbeddedItem item);

  [[nodiscard]] std::size_t entries() const { return by_key_.size(); }
  /// Memory taken, what the containers need included; within a few per cent.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    ContentKey key;
    EmbeddedItem item;
  };
  using Entries = std::list<Entry>;

  static std::size_t bytes_of(const EmbeddedItem& item);

  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  Entries entries_;  ///< most recently used first
  std::unordered_map<ContentKey, Entries::iterator, ContentKeyHash> by_key_;
};

}  // namespace mobileclip::server
