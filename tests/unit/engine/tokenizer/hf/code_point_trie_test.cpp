#include "engine/tokenizer/hf/code_point_trie.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>
#include <vector>

namespace mobileclip::hf {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<std::pair<std::size_t, std::int32_t>> prefixes(const CodePointTrie& trie, std::u32string_view text) {
  std::vector<std::pair<std::size_t, std::int32_t>> found;
  trie.for_each_prefix(text, [&](const CodePointTrie::Match& match) { found.emplace_back(match.length, match.value); });
  return found;
}

TEST(CodePointTrie, FindsPrefixesShortestFirst) {
  const CodePointTrie trie({{U"the", 1}, {U"t", 2}, {U"漢", 3}, {U"they", 4}, {U"", 5}, {U"t", 6}});
  EXPECT_THAT(prefixes(trie, U"theyre"), ElementsAre(Pair(1, 2), Pair(3, 1), Pair(4, 4)));
  EXPECT_THAT(prefixes(trie, U"漢字"), ElementsAre(Pair(1, 3)));
  EXPECT_THAT(prefixes(trie, U"at"), IsEmpty());
  EXPECT_EQ(trie.longest_prefix(U"thing")->length, 1u);
  EXPECT_FALSE(trie.longest_prefix(U""));
}

TEST(CodePointTrie, Empty) { EXPECT_THAT(prefixes(CodePointTrie({}), U"a"), IsEmpty()); }

TEST(CodePointTrie, AgreesWithAMap) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const auto word = [&](std::size_t longest) {
      std::u32string letters;
      for (std::size_t i = random() % (longest + 1); i > 0; --i) letters += U'a' + random() % 3;
      return letters;
    };
    std::map<std::u32string, std::int32_t> keys;
    std::vector<CodePointTrie::Entry> entries;
    for (int i = 0; i < 20; ++i) {
      entries.push_back({word(4), i});
      if (!entries.back().key.empty()) keys.emplace(entries.back().key, i);
    }
    const CodePointTrie trie(entries);
    const std::u32string text = word(8);
    std::vector<std::pair<std::size_t, std::int32_t>> expected;
    for (std::size_t length = 1; length <= text.size(); ++length) {
      if (const auto key = keys.find(text.substr(0, length)); key != keys.end())
        expected.emplace_back(length, key->second);
    }
    ASSERT_EQ(prefixes(trie, text), expected);
  }
}

}  // namespace
}  // namespace mobileclip::hf
