#include "engine/tokenizer/vocabulary_json.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

namespace mobileclip {

std::string shortened(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  return std::string(text.substr(0, kLongest)) + (text.size() > kLongest ? "…" : "");
}

std::string in_quotes(std::string_view text) { return '"' + shortened(text) + '"'; }

bool parse_symbol_pair(std::string_view text, SymbolPair& pair) {
  const std::size_t space = text.find(' ');
  const bool two_symbols = space != std::string_view::npos && space > 0 && space + 1 < text.size() &&
                           text.find(' ', space + 1) == std::string_view::npos;
  if (!two_symbols) return false;
  pair.left = text.substr(0, space);
  pair.right = text.substr(space + 1);
  return true;
}

VocabularyIds read_token_ids(const JsonNode& vocab) {
  if (!vocab.value().is_object()) throw vocab.error("an object of symbols and ids");
  VocabularyIds ids;
  ids.reserve(vocab.value().size());
  for (auto entry = vocab.value().begin(); entry != vocab.value().end(); ++entry) {
    const std::string& token = entry.key();
    const nlohmann::json& id = entry.value();
    const bool valid = id.is_number_unsigned() && id.get<std::uint64_t>() <= kMaxTokenId;
    if (!valid) throw vocab.member(id, '[' + in_quotes(token) + ']').id_error();
    ids[token] = id.get<std::int32_t>();
  }
  return ids;
}

std::vector<SymbolPair> read_merges(const JsonNode& merges) {
  if (!merges.value().is_array()) throw merges.error("an array of merges");
  std::vector<SymbolPair> pairs;
  pairs.reserve(merges.value().size());
  for (const nlohmann::json& merge : merges.value()) {
    const JsonNode node = merges.member(merge, '[' + std::to_string(pairs.size()) + ']');
    SymbolPair pair{.left = {}, .right = {}, .item = node.path()};
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      pair.left = merge[0].get<std::string>();
      pair.right = merge[1].get<std::string>();
    } else if (!merge.is_string() || !parse_symbol_pair(merge.get_ref<const std::string&>(), pair)) {
      throw node.error(R"("left right" or ["left", "right"])");
    }
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

}  // namespace mobileclip
