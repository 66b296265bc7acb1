#include "engine/tokenizer/hf/code_point_trie.h"

#include <algorithm>

namespace mobileclip::hf {

CodePointTrie::CodePointTrie(std::vector<Entry> entries) {
  std::erase_if(entries, [](const Entry& entry) { return entry.key.empty(); });
  std::ranges::stable_sort(entries, {}, &Entry::key);
  const auto [repeated, end] = std::ranges::unique(entries, {}, &Entry::key);
  entries.erase(repeated, end);

  // The entries below a node, which share its first `depth` characters.
  struct Range {
    std::size_t begin, end, depth;
  };
  std::vector<Range> below{{0, entries.size(), 0}};
  nodes_.push_back({0, 0, -1});
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    auto [begin, last, depth] = below[node];
    nodes_[node].first_child = static_cast<std::uint32_t>(nodes_.size());
    if (depth > 0 && entries[begin].key.size() == depth) nodes_[node].value = entries[begin++].value;
    while (begin < last) {
      const char32_t label = entries[begin].key[depth];
      std::size_t same = begin;
      while (same < last && entries[same].key[depth] == label) ++same;
      nodes_.push_back({label, 0, -1});
      below.push_back({begin, same, depth + 1});
      begin = same;
    }
  }
  nodes_.push_back({0, static_cast<std::uint32_t>(nodes_.size()), -1});
}

std::uint32_t CodePointTrie::child(std::uint32_t node, char32_t label) const {
  const auto begin = nodes_.begin() + nodes_[node].first_child;
  const auto end = nodes_.begin() + nodes_[node + 1].first_child;
  const auto found = std::lower_bound(begin, end, label, [](const Node& n, char32_t l) { return n.label < l; });
  return found == end || found->label != label ? kNone : static_cast<std::uint32_t>(found - nodes_.begin());
}

std::optional<CodePointTrie::Match> CodePointTrie::longest_prefix(std::u32string_view text) const {
  std::optional<Match> longest;
  for_each_prefix(text, [&](const Match& match) { longest = match; });
  return longest;
}

}  // namespace mobileclip::hf
