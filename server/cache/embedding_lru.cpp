#include "server/cache/embedding_lru.h"

#include <utility>

namespace mobileclip::server {

const EmbeddedItem* EmbeddingLru::find(const ContentKey& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &found->second->item;
}

std::size_t EmbeddingLru::insert(const ContentKey& key, EmbeddedItem item) {
  item.embedding.shrink_to_fit();
  const std::size_t needed = bytes_of(item);
  if (needed > max_bytes_ || by_key_.contains(key)) return 0;
  std::size_t dropped = 0;
  for (; bytes_ + needed > max_bytes_; ++dropped) {
    bytes_ -= bytes_of(entries_.back().item);
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({key, std::move(item)});
  by_key_.emplace(key, entries_.begin());
  bytes_ += needed;
  return dropped;
}

std::size_t EmbeddingLru::bytes_of(const EmbeddedItem& item) {
  // A list node (two links), a node of the map (link, hash) with its bucket, and malloc's header for each block.
  constexpr std::size_t kAround = sizeof(Entry) + 2 * sizeof(void*) +                                     //
                                  sizeof(std::pair<ContentKey, Entries::iterator>) + 3 * sizeof(void*) +  //
                                  3 * sizeof(void*);
  return kAround + item.embedding.capacity() * sizeof(float);
}

}  // namespace mobileclip::server
