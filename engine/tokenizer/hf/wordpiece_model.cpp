#include "engine/tokenizer/hf/wordpiece_model.h"

#include <utility>

#include "engine/tokenizer/utf8.h"

namespace mobileclip::hf {
namespace {

std::size_t parse_max_word_length(const JsonNode& json) {
  constexpr std::size_t kMostCharacters = 1'000'000;  // of a word; encode() is quadratic in it at worst
  constexpr std::size_t kAbsent = 100;
  const auto most = json.find("max_input_chars_per_word");
  return most ? most->count(kMostCharacters) : kAbsent;
}

CodePointTrie tokens_with(std::string_view prefix, const VocabularyIds& ids) {
  std::vector<CodePointTrie::Entry> entries;
  for (const auto& [token, id] : ids) {
    if (token.starts_with(prefix)) entries.push_back({decode_utf8(token.substr(prefix.size())).text, id});
  }
  return CodePointTrie(std::move(entries));
}

std::int32_t require(const VocabularyIds& ids, const std::string& token, const JsonNode& where) {
  const auto found = ids.find(token);
  if (found == ids.end())
    throw where.refusal("expected the token " + in_quotes(token) + " for unknown words, found none");
  return found->second;
}

}  // namespace

WordPieceModel::WordPieceModel(const JsonNode& json)
    : TokenModel(read_token_ids(json.at("vocab"))),
      unknown_(require(ids(), json.string_or("unk_token", "[UNK]"), json.at("vocab"))),
      max_word_length_(parse_max_word_length(json)),
      beginnings_(tokens_with("", ids())),
      continuations_(tokens_with(json.string_or("continuing_subword_prefix", "##"), ids())) {}

void WordPieceModel::encode(std::u32string_view piece, ModelWorkspace&, std::vector<PieceToken>& tokens) const {
  const std::size_t before = tokens.size();
  bool known = piece.size() <= max_word_length_;
  for (std::size_t begin = 0; known && begin < piece.size(); begin = tokens.back().end) {
    const CodePointTrie& trie = begin == 0 ? beginnings_ : continuations_;
    const auto longest = trie.longest_prefix(piece.substr(begin));
    known = longest.has_value();
    if (!known) break;
    tokens.push_back({longest->value, begin, begin + longest->length});
  }
  if (known) return;
  tokens.resize(before);
  tokens.push_back({unknown_, 0, piece.size()});
}

}  // namespace mobileclip::hf
