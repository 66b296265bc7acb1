// The "pre_tokenizer" of a tokenizer.json: what cuts a text into the pieces that the model encodes each by itself.
#pragma once

#include <memory>

#include "engine/tokenizer/hf/cut_text.h"
#include "engine/tokenizer/json_node.h"

namespace mobileclip::hf {

/// Immutable, thread-safe.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// May change the text, too. Linear. May throw PatternTooCostly (text_pattern.h).
  virtual void apply(CutText& text) const = 0;
};

/// Throws LoadError where `json` is not one, or is of a type that we do not know.
std::unique_ptr<const PreTokenizer> parse_pre_tokenizer(const JsonNode& json);

}  // namespace mobileclip::hf
