#include "engine/tokenizer/hf/added_tokens.h"

#include <algorithm>
#include <utility>

#include "engine/tokenizer/hf/characters.h"

namespace mobileclip::hf {
namespace {

std::vector<AddedToken> special_first(std::vector<AddedToken> tokens) {
  std::erase_if(tokens, [](const AddedToken& token) { return token.content.empty(); });
  std::ranges::stable_partition(tokens, &AddedToken::special);
  return tokens;
}

CodePointTrie trie_of(const std::vector<AddedToken>& tokens, bool normalized, const Normalizer* normalizer) {
  std::vector<CodePointTrie::Entry> entries;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].normalized != normalized) continue;
    AlignedText content = AlignedText::as_given(tokens[i].content, 0);
    if (normalized && normalizer != nullptr) normalizer->apply(content);
    entries.push_back({std::move(content.text), static_cast<std::int32_t>(i)});
  }
  return CodePointTrie(std::move(entries));
}

std::size_t size_of(const std::vector<AddedToken>& tokens) {
  std::size_t size = 0;
  for (const AddedToken& token : tokens) size = std::max(size, static_cast<std::size_t>(token.id) + 1);
  return size;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, const Normalizer* normalizer)
    : tokens_(special_first(std::move(tokens))),
      given_(trie_of(tokens_, false, normalizer)),
      normalized_(trie_of(tokens_, true, normalizer)),
      size_(size_of(tokens_)) {}

std::vector<AddedTokens::Segment> AddedTokens::find_in_given(std::u32string_view text) const {
  return find(given_, text);
}

std::vector<AddedTokens::Segment> AddedTokens::find_in_normalized(std::u32string_view text) const {
  return find(normalized_, text);
}

std::vector<AddedTokens::Segment> AddedTokens::find(const CodePointTrie& trie, std::u32string_view text) const {
  std::vector<Segment> segments;
  std::size_t segment_begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto match = trie.longest_prefix(text.substr(at));
    if (!match) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<std::size_t>(match->value)];
    std::size_t begin = at;
    std::size_t end = at + match->length;
    at = end;
    const bool inside_word = (begin > 0 && is_word(text[begin - 1])) || (end < text.size() && is_word(text[end]));
    if (token.single_word && inside_word) continue;
    // White space may have gone to the token before; another token that it is may still be found there.
    while (token.lstrip && begin > segment_begin && is_white_space(text[begin - 1])) --begin;
    while (token.rstrip && end < text.size() && is_white_space(text[end])) ++end;
    if (segment_begin < begin) segments.push_back({segment_begin, begin, nullptr});
    segments.push_back({begin, end, &token});
    segment_begin = end;
  }
  if (segment_begin < text.size()) segments.push_back({segment_begin, text.size(), nullptr});
  return segments;
}

}  // namespace mobileclip::hf
