// CLIP's tokeniser: OpenCLIP's SimpleTokenizer, id for id. Text cleaning is in text_repair.h, merging in bpe.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/tokenizer/tokenizer.h"

namespace mobileclip {

inline constexpr std::size_t kClipContextLength = 77;  ///< of every CLIP model published so far

/// Immutable after construction; safe to use from any number of threads.
class ClipTokenizer final : public Tokenizer {
 public:
  /// `path` is a vocabulary in any of its three public forms (tokenizer.json; vocab.json beside merges.txt;
  /// bpe_simple_vocab_16e6.txt or .txt.gz) or a directory that holds one. Throws LoadError.
  static ClipTokenizer load(const std::filesystem::path& path);

  /// True where `directory` holds a vocabulary that load() takes.
  static bool exists_in(const std::filesystem::path& directory);

  /// <start_of_text> … <end_of_text>. A text too long is cut as OpenCLIP cuts it: the first context_length ids, the
  /// last of them replaced by <end_of_text>.
  [[nodiscard]] Result<TokenizedText> encode(std::string_view utf8, std::size_t context_length) const override;
  [[nodiscard]] Result<TokenizedText> encode(std::string_view utf8) const { return encode(utf8, kClipContextLength); }

  /// Zeros behind <end_of_text> are padding: OpenCLIP's tokenize() puts them there.
  [[nodiscard]] Result<TokenizedText> frame(TokenIds ids, std::size_t context_length) const override;

  [[nodiscard]] Result<std::vector<TokenSpan>> spans(std::string_view utf8) const override;

  [[nodiscard]] std::int32_t start_of_text() const;
  [[nodiscard]] std::int32_t end_of_text() const;
  [[nodiscard]] std::size_t vocabulary_size() const override;

  ~ClipTokenizer() override;
  ClipTokenizer(ClipTokenizer&&) noexcept;
  ClipTokenizer& operator=(ClipTokenizer&&) noexcept;

 private:
  struct Impl;
  explicit ClipTokenizer(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace mobileclip
