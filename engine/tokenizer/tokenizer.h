// From a text to a model's token ids: what every tokeniser answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace mobileclip {

/// A text as a model's token ids.
using TokenIds = std::vector<std::int32_t>;

/// Which end of a text too long goes.
enum class CutSide { kRight, kLeft };

struct TokenizedText {
  TokenIds ids;                    ///< with the specials that frame a text, not padded
  std::size_t untruncated_length;  ///< how many ids the whole text has, specials counted
  [[nodiscard]] bool truncated() const { return untruncated_length > ids.size(); }
};

/// A token and the part of the text it stands for.
struct TokenSpan {
  struct Range {
    std::size_t begin, end;  ///< code points of the text as given
  };
  std::int32_t id;
  bool special;                ///< one of the vocabulary's special tokens
  bool frame;                  ///< put around the text, not found in it
  std::string text;            ///< of the cleaned text; may begin or end inside a character's bytes
  std::optional<Range> range;  ///< empty for the frame, and where cleaning changed more than case and white space
};

/// Immutable after construction; safe to use from any number of threads.
class Tokenizer {
 public:
  Tokenizer() = default;
  Tokenizer(Tokenizer&&) = default;
  Tokenizer& operator=(Tokenizer&&) = default;
  virtual ~Tokenizer() = default;

  /// At most max_length ids, as the model's reference cuts a text too long. Fails with kInvalidText where `utf8` is not
  /// UTF-8 (overlong forms and surrogates are not), with kInvalidArgument where max_length leaves no room for the
  /// specials or the text has more than 256 MiB.
  [[nodiscard]] virtual Result<TokenizedText> encode(std::string_view utf8, std::size_t max_length) const = 0;

  /// Ids that a caller has, padding at their end left out, the specials that frame a text added where they are
  /// missing; cut to max_length like a text. Whether the ids are in the vocabulary is the caller's affair.
  [[nodiscard]] virtual Result<TokenizedText> frame(TokenIds ids, std::size_t max_length) const = 0;

  /// Every token of the text, however long, between the specials. Fails as encode() does.
  [[nodiscard]] virtual Result<std::vector<TokenSpan>> spans(std::string_view utf8) const = 0;

  /// The highest id plus one: rows that an embedding table needs.
  [[nodiscard]] virtual std::size_t vocabulary_size() const = 0;
};

}  // namespace mobileclip
