// Byte-pair encoding: merges neighbouring symbols, the best-ranked pair first, until no pair can be merged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace mobileclip {

struct BpeMerge {
  std::int32_t left, right;  ///< ids of neighbours
  std::int32_t merged;       ///< the id of both together
};

/// What comes next where a merge brings about a pair that ranks better than its own.
enum class BpeOrder {
  kRounds,    ///< first all other occurrences of the pair merged (OpenAI's simple_tokenizer.py, SimpleTokenizer.bpe)
  kBestFirst  ///< that better pair (Hugging Face's tokenizers, models/bpe/word.rs)
};

/// Buffers of one merge() call, to be reused by the next. One thread at a time.
struct BpeWorkspace {
  std::vector<std::size_t> starts;  ///< for each symbol that merge() left, the place of the first it is made of
  std::vector<std::int32_t> previous, next;  // a list of the symbols still there; -1 ends it
  std::vector<std::uint64_t> candidates;     // a heap of pairs that may be merged
  std::vector<std::int32_t> merged_at;
};

/// Immutable after construction; safe to use from any number of threads, each with its own workspace.
class Bpe {
 public:
  /// Ranks are positions in `merges`, the first being the best. A pair given twice has its last rank.
  Bpe(std::span<const BpeMerge> merges, BpeOrder order);

  /// Merges one word's symbols in place, in O(n log n): the best-ranked pair there is, its occurrences from left to
  /// right. At most 2^31 - 1 symbols.
  void merge(std::vector<std::int32_t>& symbols, BpeWorkspace& workspace) const;

 private:
  struct Rule {
    std::uint32_t rank;
    std::int32_t merged;
  };
  struct HashPair {
    std::size_t operator()(std::uint64_t pair) const noexcept;
  };

  [[nodiscard]] const Rule* rule_for(std::int32_t left, std::int32_t right) const;

  std::unordered_map<std::uint64_t, Rule, HashPair> rules_;
  BpeOrder order_;
};

}  // namespace mobileclip
