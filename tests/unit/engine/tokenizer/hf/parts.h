// Parts of a tokenizer.json from their text, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/hf/cut_text.h"
#include "engine/tokenizer/hf/normalizer.h"
#include "engine/tokenizer/hf/pre_tokenizer.h"
#include "engine/tokenizer/json_node.h"
#include "engine/tokenizer/utf8.h"

namespace mobileclip::hf::testing {

inline AlignedText as_given(std::string_view utf8) { return AlignedText::as_given(decode_utf8(utf8).text, 0); }

/// What parse(JsonNode) throws for `json`.
template <typename Parse>
std::string load_error(std::string_view json, const Parse& parse) {
  const nlohmann::json parsed = nlohmann::json::parse(json);
  try {
    parse(JsonNode(parsed, "tokenizer.json"));
  } catch (const LoadError& error) {
    return error.what();
  }
  return "no error";
}

inline AlignedText normalized(std::string_view json, std::string_view utf8) {
  const nlohmann::json parsed = nlohmann::json::parse(json);
  AlignedText text = as_given(utf8);
  parse_normalizer(JsonNode(parsed, "tokenizer.json"))->apply(text);
  return text;
}

inline std::vector<std::string> pieces(std::string_view json, std::string_view utf8) {
  const nlohmann::json parsed = nlohmann::json::parse(json);
  CutText text = CutText::whole(as_given(utf8));
  parse_pre_tokenizer(JsonNode(parsed, "tokenizer.json"))->apply(text);
  std::vector<std::string> found;
  for (const Piece& piece : text.pieces) found.push_back(encode_utf8(text.text_of(piece)));
  return found;
}

}  // namespace mobileclip::hf::testing
