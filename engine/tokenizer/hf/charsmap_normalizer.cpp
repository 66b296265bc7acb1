#include "engine/tokenizer/hf/charsmap_normalizer.h"

#include <unicode/brkiter.h>
#include <unicode/locid.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "engine/base/base64.h"
#include "engine/tokenizer/utf8.h"

namespace mobileclip::hf {
namespace {

// A unit of Darts-clone's double array (github.com/s-yata/darts-clone, include/darts.h, DoubleArrayUnit).
struct Unit {
  std::uint32_t bits;
  [[nodiscard]] bool has_leaf() const { return (bits >> 8 & 1) == 1; }
  [[nodiscard]] std::uint32_t value() const { return bits & 0x7FFFFFFF; }
  [[nodiscard]] std::uint32_t label() const { return bits & 0x800000FF; }
  [[nodiscard]] std::uint32_t offset() const { return bits >> 10 << ((bits & 1u << 9) >> 6); }
};

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(bytes[at + i])}; };
  return byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
}

constexpr std::size_t kLongestReplacedWhole = 5;  // bytes

// No character below joins what stands before it, but for the second half of a line break.
constexpr char32_t kFirstThatJoins = 0x300;

/// Ends of user-perceived characters (Unicode's extended grapheme clusters), in code points.
class ClusterEnds {
 public:
  explicit ClusterEnds(std::u32string_view text) : text_(text) {
    if (std::ranges::all_of(text, [](char32_t c) { return c < kFirstThatJoins; })) return;
    utf16_ = icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()),
                                           static_cast<std::int32_t>(text.size()));
    UErrorCode status = U_ZERO_ERROR;
    iterator_.reset(icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
    if (U_FAILURE(status)) throw std::runtime_error(std::string("ICU characters: ") + u_errorName(status));
    iterator_->setText(utf16_);
    iterator_->first();
  }

  /// The end of the one that begins at `begin`, which must be where the last one ended.
  std::size_t after(std::size_t begin) {
    if (!iterator_) return begin + (text_.substr(begin, 2) == U"\r\n" ? 2 : 1);
    const std::int32_t from = iterator_->current();
    return begin + static_cast<std::size_t>(utf16_.countChar32(from, iterator_->next() - from));
  }

 private:
  std::u32string_view text_;
  icu::UnicodeString utf16_;
  std::unique_ptr<icu::BreakIterator> iterator_;
};

}  // namespace

CharsmapNormalizer::CharsmapNormalizer(const JsonNode& json) {
  const JsonNode node = json.at("precompiled_charsmap");
  std::string table = node.string();
  if (const auto error = decode_base64(table)) throw node.error("base64 (" + error->message + ")");
  // The trie's size in bytes, the trie, texts that end in zeros.
  constexpr std::size_t kHeader = 4;
  const std::size_t trie_bytes = table.size() < kHeader ? 0 : little_endian(table, 0);
  if (trie_bytes == 0 || trie_bytes % 4 != 0 || trie_bytes > table.size() - kHeader) {
    throw node.error("SentencePiece's normalisation table");
  }
  for (std::size_t at = kHeader; at < kHeader + trie_bytes; at += 4) units_.push_back(little_endian(table, at));
  texts_ = table.substr(kHeader + trie_bytes);
  if (decode_utf8(texts_).valid_bytes < texts_.size()) throw node.error("replacements in UTF-8");
}

std::optional<std::string_view> CharsmapNormalizer::replacement_of(std::string_view utf8) const {
  std::size_t at = Unit{units_[0]}.offset();
  for (const char c : utf8) {
    const std::uint32_t byte = static_cast<unsigned char>(c);
    at ^= byte;
    if (byte == 0 || at >= units_.size()) return std::nullopt;
    const Unit unit{units_[at]};
    if (unit.label() != byte) return std::nullopt;
    at ^= unit.offset();
    if (!unit.has_leaf()) continue;
    const std::size_t text = at < units_.size() ? Unit{units_[at]}.value() : texts_.size();
    if (text >= texts_.size()) return std::nullopt;
    return std::string_view(texts_).substr(text, texts_.find('\0', text) - text);
  }
  return std::nullopt;
}

void CharsmapNormalizer::apply(AlignedText& text) const {
  AlignedText replaced;
  replaced.reserve(text.size());
  const auto append = [&](std::string_view utf8, SourceRange source) {
    replaced.append(decode_utf8(utf8).text, source);
  };
  const std::u32string_view characters = text.text;
  ClusterEnds ends(characters);
  std::string utf8;
  for (std::size_t begin = 0; begin < characters.size();) {
    const std::size_t end = ends.after(begin);
    const bool short_cluster = end - begin > 1 && end - begin <= kLongestReplacedWhole;
    if (short_cluster) {
      utf8 = encode_utf8(characters.substr(begin, end - begin));
      const auto replacement = utf8.size() <= kLongestReplacedWhole ? replacement_of(utf8) : std::nullopt;
      if (replacement) {
        append(*replacement, text.source_of(begin, end));
        begin = end;
        continue;
      }
    }
    for (; begin < end; ++begin) {
      utf8.clear();
      append_utf8(utf8, characters[begin]);
      if (const auto replacement = replacement_of(utf8)) {
        append(*replacement, text.sources[begin]);
      } else {
        replaced.append(text, begin, begin + 1);
      }
    }
  }
  text = std::move(replaced);
}

}  // namespace mobileclip::hf
