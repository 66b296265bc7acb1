// The "normalizer" of a tokenizer.json: what changes a text before it is cut.
#pragma once

#include <memory>

#include "engine/tokenizer/hf/aligned_text.h"
#include "engine/tokenizer/json_node.h"

namespace mobileclip::hf {

/// Immutable, thread-safe.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  /// Linear in the text. May throw PatternTooCostly (text_pattern.h).
  virtual void apply(AlignedText& text) const = 0;
};

/// Throws LoadError where `json` is not one, or is of a type that we do not know.
std::unique_ptr<const Normalizer> parse_normalizer(const JsonNode& json);

}  // namespace mobileclip::hf
