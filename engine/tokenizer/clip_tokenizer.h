// CLIP's tokeniser: OpenCLIP's SimpleTokenizer, id for id. Text cleaning is in text_repair.h, merging in bpe.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace mobileclip {

struct TokenizedText {
  std::vector<std::int32_t> ids;   ///< <start_of_text> … <end_of_text>, at most context_length of them, not padded
  std::size_t untruncated_length;  ///< how many ids the whole text has, both specials counted
  [[nodiscard]] bool truncated() const { return untruncated_length > ids.size(); }
};

/// A token and the part of the text it stands for.
struct TokenSpan {
  struct Range {
    std::size_t begin, end;  ///< code points of the text as given
  };
  std::int32_t id;
  bool special;                ///< <start_of_text> or <end_of_text>
  std::string text;            ///< of the cleaned text; may begin or end inside a character's bytes
  std::optional<Range> range;  ///< empty for the specials, and where cleaning changed more than case and white space
};

/// Immutable after construction; safe to use from any number of threads.
class ClipTokenizer {
 public:
  /// `path` is a vocabulary in any of its three public forms (tokenizer.json; vocab.json beside merges.txt;
  /// bpe_simple_vocab_16e6.txt or .txt.gz) or a directory that holds one. Throws LoadError.
  static ClipTokenizer load(const std::filesystem::path& path);

  /// True where `directory` holds a vocabulary that load() takes.
  static bool exists_in(const std::filesystem::path& directory);

  /// Fails with kInvalidText where `utf8` is not UTF-8 (overlong forms and surrogates are not). A text too long is cut
  /// as OpenCLIP cuts it: the first context_length ids, the last of them replaced by <end_of_text>. Fails with
  /// kInvalidArgument where context_length is 0 or the text has more than 256 MiB.
  [[nodiscard]] Result<TokenizedText> encode(std::string_view utf8, std::size_t context_length = 77) const;

  /// Every token of the text, however long, between the specials. Fails as encode() does.
  [[nodiscard]] Result<std::vector<TokenSpan>> spans(std::string_view utf8) const;

  [[nodiscard]] std::int32_t start_of_text() const;
  [[nodiscard]] std::int32_t end_of_text() const;
  /// The highest id plus one: rows that an embedding table needs.
  [[nodiscard]] std::size_t vocabulary_size() const;

  ~ClipTokenizer();
  ClipTokenizer(ClipTokenizer&&) noexcept;
  ClipTokenizer& operator=(ClipTokenizer&&) noexcept;

 private:
  struct Impl;
  explicit ClipTokenizer(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace mobileclip
