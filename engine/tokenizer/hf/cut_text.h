// A text cut into pieces, and the ways to cut it further.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/tokenizer/hf/aligned_text.h"
#include "engine/tokenizer/hf/text_pattern.h"

namespace mobileclip::hf {

/// Code points [begin, end) of a text.
struct Piece {
  std::size_t begin, end;
};

struct CutText {
  AlignedText aligned;
  /// In their order, none empty. What lies between them has been dropped.
  std::vector<Piece> pieces;

  /// The whole text as one piece, or as none where it is empty.
  static CutText whole(AlignedText text);
  [[nodiscard]] std::u32string_view text_of(const Piece& piece) const {
    return std::u32string_view(aligned.text).substr(piece.begin, piece.end - piece.begin);
  }
};

/// What becomes of the delimiters that a piece is cut at (Hugging Face's SplitDelimiterBehavior).
enum class SplitBehavior {
  kRemoved,
  kIsolated,            ///< each a piece of its own
  kMergedWithPrevious,  ///< each joins the piece before it,
  kMergedWithNext,      ///< or behind it
  kContiguous,          ///< neighbouring ones are one piece
};

/// A stretch of a piece, counted from the piece's beginning. Together, in order, they are the piece.
struct Stretch {
  std::size_t begin, end;
  bool delimiter;
};

/// Appends what the stretches of a piece that begins at `begin` become.
void append_pieces(std::span<const Stretch> stretches, SplitBehavior behavior, std::size_t begin,
                   std::vector<Piece>& pieces);

/// Appends the stretches of a text of `size` of which `delimiters` are the delimiters, or with `invert` the rest.
void append_stretches(std::span<const TextPattern::Match> delimiters, std::size_t size, bool invert,
                      std::vector<Stretch>& stretches);

/// Cuts each piece into the stretches that find(text, stretches) appends for it.
template <typename Find>
void split(CutText& text, SplitBehavior behavior, const Find& find) {
  std::vector<Piece> pieces;
  pieces.reserve(text.pieces.size());
  std::vector<Stretch> stretches;
  for (const Piece& piece : text.pieces) {
    stretches.clear();
    find(text.text_of(piece), stretches);
    append_pieces(stretches, behavior, piece.begin, pieces);
  }
  text.pieces = std::move(pieces);
}

/// Cuts at characters, each a delimiter.
template <typename IsDelimiter>
void split_at_characters(CutText& text, SplitBehavior behavior, const IsDelimiter& is_delimiter) {
  split(text, behavior, [&](std::u32string_view piece, std::vector<Stretch>& stretches) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < piece.size(); ++i) {
      if (!is_delimiter(piece[i])) continue;
      if (begin < i) stretches.push_back({begin, i, false});
      stretches.push_back({i, i + 1, true});
      begin = i + 1;
    }
    if (begin < piece.size()) stretches.push_back({begin, piece.size(), false});
  });
}

/// Puts `prefix` before each piece that wants it, by wants_prefix(piece), as if it came from where the piece begins.
template <typename WantsPrefix>
void prefix_pieces(CutText& text, char32_t prefix, const WantsPrefix& wants_prefix) {
  CutText longer;
  longer.aligned.reserve(text.aligned.size() + text.pieces.size());
  longer.pieces.reserve(text.pieces.size());
  for (const Piece& piece : text.pieces) {
    const std::size_t begin = longer.aligned.size();
    if (wants_prefix(piece)) longer.aligned.push_back(prefix, text.aligned.sources[piece.begin]);
    longer.aligned.append(text.aligned, piece.begin, piece.end);
    longer.pieces.push_back({begin, longer.aligned.size()});
  }
  text = std::move(longer);
}

}  // namespace mobileclip::hf
