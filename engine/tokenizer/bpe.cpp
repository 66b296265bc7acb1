#include "engine/tokenizer/bpe.h"

#include <algorithm>
#include <functional>

namespace mobileclip {
namespace {

constexpr std::int32_t kEnd = -1;
constexpr std::int32_t kMergedAway = -1;

std::uint64_t key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
}

// A pair that may be merged: ordered by rank, then by place.
std::uint64_t candidate(std::uint32_t rank, std::int32_t left) {
  return static_cast<std::uint64_t>(rank) << 32 | static_cast<std::uint32_t>(left);
}
std::uint32_t rank_of(std::uint64_t candidate) { return static_cast<std::uint32_t>(candidate >> 32); }
std::int32_t left_of(std::uint64_t candidate) { return static_cast<std::int32_t>(candidate & 0xFFFFFFFF); }

}  // namespace

std::size_t Bpe::HashPair::operator()(std::uint64_t pair) const noexcept {
  return static_cast<std::size_t>((pair ^ pair >> 32) * 0x9E3779B97F4A7C15u >> 16);
}

Bpe::Bpe(std::span<const BpeMerge> merges, BpeOrder order) : order_(order) {
  rules_.reserve(merges.size());
  for (std::uint32_t rank = 0; rank < merges.size(); ++rank) {
    const BpeMerge& merge = merges[rank];
    rules_.insert_or_assign(key(merge.left, merge.right), Rule{rank, merge.merged});
  }
}

const Bpe::Rule* Bpe::rule_for(std::int32_t left, std::int32_t right) const {
  const auto found = rules_.find(key(left, right));
  return found == rules_.end() ? nullptr : &found->second;
}

void Bpe::merge(std::vector<std::int32_t>& symbols, BpeWorkspace& workspace) const {
  std::vector<std::int32_t>& previous = workspace.previous;
  std::vector<std::int32_t>& next = workspace.next;
  std::vector<std::uint64_t>& candidates = workspace.candidates;
  std::vector<std::int32_t>& merged_at = workspace.merged_at;
  const auto count = static_cast<std::int32_t>(symbols.size());
  previous.resize(symbols.size());
  next.resize(symbols.size());
  candidates.clear();
  for (std::int32_t i = 0; i < count; ++i) {
    previous[i] = i - 1;  // kEnd for the first
    next[i] = i + 1 < count ? i + 1 : kEnd;
    if (next[i] == kEnd) break;
    if (const Rule* rule = rule_for(symbols[i], symbols[i + 1])) candidates.push_back(candidate(rule->rank, i));
  }
  constexpr std::greater<> kBestOnTop;
  std::ranges::make_heap(candidates, kBestOnTop);

  const auto consider = [&](std::int32_t left) {
    if (left == kEnd || symbols[left] == kMergedAway || next[left] == kEnd) return;
    if (const Rule* rule = rule_for(symbols[left], symbols[next[left]])) {
      candidates.push_back(candidate(rule->rank, left));
      std::ranges::push_heap(candidates, kBestOnTop);
    }
  };

  while (!candidates.empty()) {
    // One round: every occurrence of the best pair, unless something better comes up and may go first.
    const std::uint32_t rank = rank_of(candidates.front());
    merged_at.clear();
    while (!candidates.empty() && rank_of(candidates.front()) == rank) {
      const std::int32_t left = left_of(candidates.front());
      std::ranges::pop_heap(candidates, kBestOnTop);
      candidates.pop_back();
      if (symbols[left] == kMergedAway || next[left] == kEnd) continue;
      const std::int32_t right = next[left];
      const Rule* rule = rule_for(symbols[left], symbols[right]);
      if (rule == nullptr || rule->rank != rank) continue;  // one of the two has been merged meanwhile

      symbols[left] = rule->merged;
      symbols[right] = kMergedAway;
      next[left] = next[right];
      if (next[left] != kEnd) previous[next[left]] = left;
      if (order_ == BpeOrder::kRounds) {
        merged_at.push_back(left);
      } else {
        consider(previous[left]);
        consider(left);
      }
    }
    for (const std::int32_t at : merged_at) {
      if (symbols[at] == kMergedAway) continue;
      consider(previous[at]);
      consider(at);
    }
  }

  workspace.starts.clear();
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (symbols[i] == kMergedAway) continue;
    symbols[workspace.starts.size()] = symbols[i];
    workspace.starts.push_back(i);
  }
  symbols.resize(workspace.starts.size());
}

}  // namespace mobileclip
