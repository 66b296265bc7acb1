// A set of strings with a number each, made for finding those that begin a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mobileclip::hf {

/// Immutable after construction; thread-safe.
class CodePointTrie {
 public:
  struct Entry {
    std::u32string key;
    std::int32_t value;  ///< not negative
  };
  /// Empty keys are left out. Of equal keys the first counts.
  explicit CodePointTrie(std::vector<Entry> entries);

  struct Match {
    std::size_t length;
    std::int32_t value;
  };

  /// Calls visit(match) for each key that begins `text`, the shortest first.
  template <typename Visit>
  void for_each_prefix(std::u32string_view text, const Visit& visit) const {
    std::uint32_t node = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      node = child(node, text[i]);
      if (node == kNone) return;
      if (nodes_[node].value >= 0) visit(Match{i + 1, nodes_[node].value});
    }
  }

  [[nodiscard]] std::optional<Match> longest_prefix(std::u32string_view text) const;

 private:
  struct Node {
    char32_t label;
    std::uint32_t first_child;  // children lie together, sorted by label, and end where the next node's begin
    std::int32_t value;         // -1: no key ends here
  };
  static constexpr std::uint32_t kNone = 0;  // the root is nobody's child

  [[nodiscard]] std::uint32_t child(std::uint32_t node, char32_t label) const;

  std::vector<Node> nodes_;  // breadth first, and one behind the last
};

}  // namespace mobileclip::hf
