#include "engine/tokenizer/hf/cut_text.h"

namespace mobileclip::hf {

CutText CutText::whole(AlignedText text) {
  CutText cut{std::move(text), {}};
  if (cut.aligned.size() > 0) cut.pieces.push_back({0, cut.aligned.size()});
  return cut;
}

void append_pieces(std::span<const Stretch> stretches, SplitBehavior behavior, std::size_t begin,
                   std::vector<Piece>& pieces) {
  const std::size_t first = pieces.size();
  bool after_delimiter = false;
  for (const Stretch& stretch : stretches) {
    const bool has_previous = pieces.size() > first;
    bool joins_previous = false;
    switch (behavior) {
      case SplitBehavior::kRemoved:
      case SplitBehavior::kIsolated:
        break;
      case SplitBehavior::kMergedWithPrevious:
        joins_previous = stretch.delimiter && !after_delimiter;
        break;
      case SplitBehavior::kMergedWithNext:
        joins_previous = after_delimiter && !stretch.delimiter;
        break;
      case SplitBehavior::kContiguous:
        joins_previous = stretch.delimiter == after_delimiter;
        break;
    }
    after_delimiter = stretch.delimiter;
    if (behavior == SplitBehavior::kRemoved && stretch.delimiter) continue;
    if (joins_previous && has_previous) {
      pieces.back().end = begin + stretch.end;
    } else if (stretch.begin < stretch.end) {
      pieces.push_back({begin + stretch.begin, begin + stretch.end});
    }
  }
}

void append_stretches(std::span<const TextPattern::Match> delimiters, std::size_t size, bool invert,
                      std::vector<Stretch>& stretches) {
  std::size_t begin = 0;
  for (const TextPattern::Match& match : delimiters) {
    if (begin < match.begin) stretches.push_back({begin, match.begin, invert});
    stretches.push_back({match.begin, match.end, !invert});
    begin = match.end;
  }
  if (begin < size) stretches.push_back({begin, size, invert});
}

}  // namespace mobileclip::hf
