#include "engine/tokenizer/hf/unicode_normalizers.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "engine/tokenizer/hf/characters.h"

namespace mobileclip::hf {

void normalize(UnicodeForm form, AlignedText& text) {
  if (std::ranges::all_of(text.text, [form](char32_t c) { return is_unchanged_in(form, c); })) return;
  AlignedText normalized;
  normalized.reserve(text.size());
  const std::u32string_view characters = text.text;
  for (std::size_t begin = 0; begin < characters.size();) {
    std::size_t end = begin + 1;
    if (!is_normalizable(characters[begin])) {
      normalized.append(text, begin, end);
      begin = end;
      continue;
    }
    while (end < characters.size() && !begins_afresh(form, characters[end]) && is_normalizable(characters[end])) ++end;
    if (end == begin + 1 && is_unchanged_in(form, characters[begin])) {
      normalized.append(text, begin, end);
    } else {
      normalized.append(mobileclip::normalize(form, characters.substr(begin, end - begin)), text.source_of(begin, end));
    }
    begin = end;
  }
  text = std::move(normalized);
}

void lower(AlignedText& text) {
  std::u32string lowered;
  lowered.reserve(text.size());
  std::vector<SourceRange> sources;
  sources.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    append_lower(lowered, text.text[i]);
    sources.resize(lowered.size(), text.sources[i]);
  }
  text = {std::move(lowered), std::move(sources)};
}

void remove_if(AlignedText& text, bool (*unwanted)(char32_t)) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (unwanted(text.text[i])) continue;
    text.text[kept] = text.text[i];
    text.sources[kept] = text.sources[i];
    ++kept;
  }
  text.text.resize(kept);
  text.sources.resize(kept);
}

void strip(AlignedText& text, bool left, bool right) {
  std::size_t begin = 0;
  std::size_t end = text.size();
  while (left && begin < end && is_white_space(text.text[begin])) ++begin;
  while (right && end > begin && is_white_space(text.text[end - 1])) --end;
  if (begin == 0 && end == text.size()) return;
  AlignedText stripped;
  stripped.append(text, begin, end);
  text = std::move(stripped);
}

}  // namespace mobileclip::hf
