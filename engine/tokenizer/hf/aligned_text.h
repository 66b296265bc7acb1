// Text that normalisation has changed, and where in the text as given each of its characters comes from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mobileclip::hf {

/// Code points [begin, end) of the text as given. Empty, but in its place, for what was put in.
struct SourceRange {
  std::uint32_t begin, end;
};

/// `sources` has an element for each code point of `text`. Begins never decrease.
struct AlignedText {
  std::u32string text;
  std::vector<SourceRange> sources;

  /// `part` of a text, which begins at its code point `begin`.
  static AlignedText as_given(std::u32string_view part, std::size_t begin);

  [[nodiscard]] std::size_t size() const { return text.size(); }
  void reserve(std::size_t code_points);
  void push_back(char32_t c, SourceRange source) {
    text.push_back(c);
    sources.push_back(source);
  }
  /// All of `characters` come from `source`.
  void append(std::u32string_view characters, SourceRange source);
  /// Code points [begin, end) of `other`, from where they come from there.
  void append(const AlignedText& other, std::size_t begin, std::size_t end);
  /// Code points [begin, end), of which there is at least one, come from here.
  [[nodiscard]] SourceRange source_of(std::size_t begin, std::size_t end) const;
  /// The empty range before code point `at`, or behind the last one.
  [[nodiscard]] SourceRange place_before(std::size_t at) const;
};

}  // namespace mobileclip::hf
