#include "engine/tokenizer/bpe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <utility>
#include <vector>

namespace mobileclip {
namespace {

using ::testing::ElementsAre;
using Symbols = std::vector<std::int32_t>;

Symbols merged(const std::vector<BpeMerge>& merges, Symbols symbols) {
  BpeWorkspace workspace;
  Bpe(merges, BpeOrder::kRounds).merge(symbols, workspace);
  return symbols;
}

// SimpleTokenizer.bpe, word for word: find the best pair, merge all of it, start over.
Symbols merged_by_reference(const std::vector<BpeMerge>& merges, Symbols symbols) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::pair<std::size_t, std::int32_t>> rules;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    rules[{merges[rank].left, merges[rank].right}] = {rank, merges[rank].merged};
  }
  for (;;) {
    auto best = rules.end();
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto rule = rules.find({symbols[i], symbols[i + 1]});
      if (rule != rules.end() && (best == rules.end() || rule->second.first < best->second.first)) best = rule;
    }
    if (best == rules.end()) return symbols;
    Symbols next;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      const bool here =
          i + 1 < symbols.size() && symbols[i] == best->first.first && symbols[i + 1] == best->first.second;
      next.push_back(here ? best->second.second : symbols[i]);
      i += here ? 1 : 0;
    }
    symbols = std::move(next);
  }
}

TEST(Bpe, BestRankFirst) {
  // "abc": with ab first it is ab c, with bc first a bc.
  EXPECT_THAT(merged({{1, 2, 12}, {2, 3, 23}}, {1, 2, 3}), ElementsAre(12, 3));
  EXPECT_THAT(merged({{2, 3, 23}, {1, 2, 12}}, {1, 2, 3}), ElementsAre(1, 23));
}

TEST(Bpe, FromLeftToRight) {
  EXPECT_THAT(merged({{1, 1, 11}}, {1, 1, 1}), ElementsAre(11, 1));
  EXPECT_THAT(merged({{1, 1, 11}, {11, 11, 1111}}, {1, 1, 1, 1, 1, 1, 1}), ElementsAre(1111, 11, 1));
}

TEST(Bpe, NothingToMerge) {
  EXPECT_THAT(merged({{1, 2, 12}}, {}), ElementsAre());
  EXPECT_THAT(merged({{1, 2, 12}}, {1}), ElementsAre(1));
  EXPECT_THAT(merged({{1, 2, 12}}, {2, 1}), ElementsAre(2, 1));
  EXPECT_THAT(merged({}, {1, 2}), ElementsAre(1, 2));
}

TEST(Bpe, APairGivenTwiceHasItsLastRank) {
  EXPECT_THAT(merged({{1, 2, 12}, {2, 3, 23}, {1, 2, 12}}, {1, 2, 3}), ElementsAre(1, 23));
}

// A merge may outrank the one that makes its symbol: then all of the latter's occurrences still come first.
TEST(Bpe, ARoundIsFinishedBeforeABetterPairItBringsAbout) {
  const std::vector<BpeMerge> merges{{12, 1, 121}, {1, 2, 12}};
  EXPECT_THAT(merged(merges, {1, 2, 1, 2}), ElementsAre(12, 12));
}

TEST(Bpe, TheBestPairThereIsAtAnyTime) {
  const std::vector<BpeMerge> merges{{12, 1, 121}, {1, 2, 12}};
  Symbols symbols{1, 2, 1, 2};
  BpeWorkspace workspace;
  Bpe(merges, BpeOrder::kBestFirst).merge(symbols, workspace);
  EXPECT_THAT(symbols, ElementsAre(121, 2));
  EXPECT_THAT(workspace.starts, ElementsAre(0, 3));
}

// Few symbols and merges in any order, so that every kind of conflict between neighbours occurs.
TEST(Bpe, AgreesWithTheReferenceOnRandomMerges) {
  std::mt19937 random(1);
  const auto below = [&](int n) { return static_cast<std::int32_t>(random() % static_cast<unsigned>(n)); };
  BpeWorkspace workspace;
  for (int round = 0; round < 2000; ++round) {
    const int letters = 1 + below(3);
    std::vector<BpeMerge> merges;
    for (int i = below(12); i > 0; --i) {
      merges.push_back({below(letters + 8), below(letters + 8), letters + below(8)});
    }
    const Bpe bpe(merges, BpeOrder::kRounds);
    for (int word = 0; word < 5; ++word) {
      Symbols symbols;
      for (int i = below(40); i > 0; --i) symbols.push_back(below(letters));
      const Symbols expected = merged_by_reference(merges, symbols);
      Symbols got = symbols;
      bpe.merge(got, workspace);
      ASSERT_EQ(got, expected) << "round " << round;
    }
  }
}

// Ids are powers of two, each merge doubling: a million ones become the number's binary digits.
TEST(Bpe, AMillionSymbolsTakeMoments) {
  std::vector<BpeMerge> merges;
  for (std::int32_t id = 1; id < 1 << 20; id *= 2) merges.push_back({id, id, 2 * id});
  EXPECT_THAT(merged(merges, Symbols(1'000'000, 1)),
              ElementsAre(1 << 19, 1 << 18, 1 << 17, 1 << 16, 1 << 14, 1 << 9, 1 << 6));
}

}  // namespace
}  // namespace mobileclip
