// The parts of a vocabulary as JSON files have them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/tokenizer/json_node.h"

namespace mobileclip {

// No published vocabulary comes near; a higher id is a damaged file, and would ask for a huge embedding table.
inline constexpr std::int32_t kMaxTokenId = (1 << 24) - 1;

using VocabularyIds = std::unordered_map<std::string, std::int32_t>;

/// Two symbols of a vocabulary that merge into one.
struct SymbolPair {
  std::string left, right;
  std::string item;  ///< for messages: "line 17" or "model.merges[16]"
};

/// An object of tokens and ids. Throws LoadError.
VocabularyIds read_token_ids(const JsonNode& vocab);

/// An array of "left right" or ["left", "right"], the best merge first. Throws LoadError.
std::vector<SymbolPair> read_merges(const JsonNode& merges);

/// "left right", with one space. False where `text` is not that.
bool parse_symbol_pair(std::string_view text, SymbolPair& pair);

/// The beginning of a text that may be long, for messages.
std::string shortened(std::string_view text);
std::string in_quotes(std::string_view text);  ///< the same, in quotation marks

}  // namespace mobileclip
