#include "server/cache/embedding_lru.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

ContentKey key_of(unsigned char number) {
  ContentKey key{};
  key.back() = std::byte{number};
  return key;
}

EmbeddedItem item_of(float value, std::size_t length = 100) {
  return {.embedding = std::vector<float>(length, value), .timings = {}};
}

/// What one item takes.
std::size_t item_bytes() {
  EmbeddingLru lru(1 << 20);
  lru.insert(key_of(0), item_of(0));
  return lru.bytes();
}

TEST(EmbeddingLru, KeepsWhatItWasGiven) {
  EmbeddingLru lru(1 << 20);
  EXPECT_EQ(lru.find(key_of(1)), nullptr);
  EmbeddedItem item = item_of(1);
  item.tokens = 7;
  item.truncated = true;
  EXPECT_EQ(lru.insert(key_of(1), item), 0u);
  const EmbeddedItem* found = lru.find(key_of(1));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->embedding, item.embedding);
  EXPECT_EQ(found->tokens, 7u);
  EXPECT_TRUE(found->truncated);
  EXPECT_EQ(lru.find(key_of(2)), nullptr);
}

TEST(EmbeddingLru, DropsTheLeastRecentlyUsed) {
  EmbeddingLru lru(3 * item_bytes());
  for (const unsigned char i : {1, 2, 3}) EXPECT_EQ(lru.insert(key_of(i), item_of(i)), 0u);
  EXPECT_NE(lru.find(key_of(1)), nullptr);
  EXPECT_EQ(lru.insert(key_of(4), item_of(4)), 1u);
  EXPECT_EQ(lru.find(key_of(2)), nullptr);
  EXPECT_NE(lru.find(key_of(1)), nullptr);
  EXPECT_NE(lru.find(key_of(3)), nullptr);
  EXPECT_NE(lru.find(key_of(4)), nullptr);
  EXPECT_EQ(lru.entries(), 3u);
}

TEST(EmbeddingLru, NeverTakesMoreThanItMay) {
  const std::size_t most = 10'000;
  EmbeddingLru lru(most);
  std::size_t dropped = 0;
  for (int i = 0; i < 1000; ++i) {
    dropped +=
        lru.insert(key_of(static_cast<unsigned char>(i * 7)), item_of(1, static_cast<std::size_t>(i * 13 % 600)));
    EXPECT_LE(lru.bytes(), most);
  }
  EXPECT_GT(lru.entries(), 1u);
  EXPECT_GT(dropped, 100u);
}

TEST(EmbeddingLru, CountsAtLeastTheValuesAndGivesThemBack) {
  EXPECT_GT(item_bytes(), 400u + sizeof(ContentKey) + sizeof(EmbeddedItem));
  EXPECT_LT(item_bytes(), 800u);
  EmbeddingLru lru(item_bytes());
  lru.insert(key_of(1), item_of(1));
  lru.insert(key_of(2), item_of(2));
  EXPECT_EQ(lru.bytes(), item_bytes());
}

TEST(EmbeddingLru, LeavesOutWhatIsLargerThanAllOfIt) {
  EmbeddingLru lru(item_bytes());
  lru.insert(key_of(1), item_of(1));
  EXPECT_EQ(lru.insert(key_of(2), item_of(2, 1000)), 0u);
  EXPECT_EQ(lru.find(key_of(2)), nullptr);
  EXPECT_NE(lru.find(key_of(1)), nullptr);
}

TEST(EmbeddingLru, AKeyIsInsertedOnce) {
  EmbeddingLru lru(1 << 20);
  lru.insert(key_of(1), item_of(1));
  const std::size_t bytes = lru.bytes();
  lru.insert(key_of(1), item_of(2));
  EXPECT_EQ(lru.bytes(), bytes);
  EXPECT_EQ(lru.find(key_of(1))->embedding.front(), 1);
}

}  // namespace
}  // namespace mobileclip::server
