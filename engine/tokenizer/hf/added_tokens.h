// The "added_tokens" of a tokenizer.json: texts that are tokens wherever they stand, cut out before anything else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/hf/code_point_trie.h"
#include "engine/tokenizer/hf/normalizer.h"

namespace mobileclip::hf {

struct AddedToken {
  std::int32_t id;
  std::u32string content;
  bool single_word = false;  ///< only where no word goes on at either end
  bool lstrip = false;       ///< takes the white space before it,
  bool rstrip = false;       ///< and behind it
  bool normalized = true;    ///< looked for in the normalised text, and itself normalised
  bool special = false;
};

/// Immutable, thread-safe.
class AddedTokens {
 public:
  /// `normalizer` may be null. Of tokens with the same content the first counts, special ones before others.
  AddedTokens(std::vector<AddedToken> tokens, const Normalizer* normalizer);

  /// A stretch [begin, end) of a text: a token's, or what lies between tokens.
  struct Segment {
    std::size_t begin, end;
    const AddedToken* token;  ///< null between tokens
  };
  /// All of a text, in order. The longest of several tokens that begin at one place. Linear in the text for a given
  /// length of the longest token.
  [[nodiscard]] std::vector<Segment> find_in_given(std::u32string_view text) const;
  [[nodiscard]] std::vector<Segment> find_in_normalized(std::u32string_view text) const;

  /// The highest id plus one; 0 without tokens.
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  [[nodiscard]] std::vector<Segment> find(const CodePointTrie& trie, std::u32string_view text) const;

  std::vector<AddedToken> tokens_;
  CodePointTrie given_, normalized_;  // values are places in tokens_
  std::size_t size_;
};

}  // namespace mobileclip::hf
