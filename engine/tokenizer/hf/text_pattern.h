// What tokenizer.json calls a pattern: a text to look for or a regular expression.
#pragma once

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "engine/tokenizer/json_node.h"

namespace mobileclip::hf {

/// Thrown where a regular expression wants more work or memory than a text of that length may cost: somebody has
/// written the text against the model's pattern.
class PatternTooCostly : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Immutable, thread-safe.
class TextPattern {
 public:
  /// {"String": "…"} or {"Regex": "…"}. Throws LoadError where it is neither, empty, or no regular expression.
  static std::unique_ptr<const TextPattern> parse(const JsonNode& json);

  struct Match {
    std::size_t begin, end;  ///< code points; equal for an empty match
  };
  /// In their order, without overlaps. Regular expressions are read as Oniguruma reads them, by ICU.
  [[nodiscard]] virtual std::vector<Match> matches(std::u32string_view text) const = 0;

  virtual ~TextPattern() = default;
};

}  // namespace mobileclip::hf
