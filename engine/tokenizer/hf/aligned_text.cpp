#include "engine/tokenizer/hf/aligned_text.h"

namespace mobileclip::hf {

AlignedText AlignedText::as_given(std::u32string_view part, std::size_t begin) {
  AlignedText aligned{std::u32string(part), {}};
  aligned.sources.reserve(part.size());
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto at = static_cast<std::uint32_t>(begin + i);
    aligned.sources.push_back({at, at + 1});
  }
  return aligned;
}

void AlignedText::reserve(std::size_t code_points) {
  text.reserve(code_points);
  sources.reserve(code_points);
}

void AlignedText::append(std::u32string_view characters, SourceRange source) {
  text += characters;
  sources.insert(sources.end(), characters.size(), source);
}

void AlignedText::append(const AlignedText& other, std::size_t begin, std::size_t end) {
  text.append(other.text, begin, end - begin);
  sources.insert(sources.end(), other.sources.begin() + static_cast<std::ptrdiff_t>(begin),
                 other.sources.begin() + static_cast<std::ptrdiff_t>(end));
}

SourceRange AlignedText::source_of(std::size_t begin, std::size_t end) const {
  return {sources[begin].begin, sources[end - 1].end};
}

SourceRange AlignedText::place_before(std::size_t at) const {
  const std::uint32_t place = at < size() ? sources[at].begin : (sources.empty() ? 0 : sources.back().end);
  return {place, place};
}

}  // namespace mobileclip::hf
