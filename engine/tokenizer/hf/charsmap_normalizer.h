// SentencePiece's normalisation table ("precompiled_charsmap": a double-array trie of texts and what replaces them).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/hf/normalizer.h"

namespace mobileclip::hf {

/// As Hugging Face's tokenizers apply the table: a user-perceived character of up to five bytes is replaced whole by
/// what the shortest text that begins it is replaced by; else its code points are replaced one by one.
class CharsmapNormalizer : public Normalizer {
 public:
  /// {"precompiled_charsmap": base64}. Throws LoadError.
  explicit CharsmapNormalizer(const JsonNode& json);
  void apply(AlignedText& text) const override;

 private:
  /// UTF-8 that replaces `utf8`; nothing where the table has nothing that begins it.
  [[nodiscard]] std::optional<std::string_view> replacement_of(std::string_view utf8) const;

  std::vector<std::uint32_t> units_;  // of the trie
  std::string texts_;                 // what it points into: replacements, each ended by a zero
};

}  // namespace mobileclip::hf
