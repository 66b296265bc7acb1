#include "engine/tokenizer/hf/metaspace.h"

#include <algorithm>
#include <string>

#include "engine/tokenizer/hf/cut_text.h"

namespace mobileclip::hf {
namespace {

char32_t parse_replacement(const JsonNode& json) {
  const auto replacement = json.find("replacement");
  if (!replacement) return U'\u2581';
  const std::u32string text = replacement->text();
  if (text.size() != 1) throw replacement->error("one character");
  return text.front();
}

}  // namespace

Metaspace::Metaspace(const JsonNode& json)
    : replacement_(parse_replacement(json)), scheme_(parse_scheme(json)), split_(json.boolean_or("split", true)) {}

Metaspace::PrependScheme Metaspace::parse_scheme(const JsonNode& json) {
  const auto scheme = json.find("prepend_scheme");
  if (!scheme) return json.boolean_or("add_prefix_space", true) ? PrependScheme::kAlways : PrependScheme::kNever;
  const std::string name = scheme->string();
  if (name == "always") return PrependScheme::kAlways;
  if (name == "first") return PrependScheme::kFirst;
  if (name == "never") return PrependScheme::kNever;
  throw scheme->error("always, first or never");
}

void Metaspace::apply(CutText& text) const {
  std::ranges::replace(text.aligned.text, U' ', replacement_);
  if (scheme_ != PrependScheme::kNever) {
    prefix_pieces(text, replacement_, [&](const Piece& piece) {
      const bool begins_text = text.aligned.sources[piece.begin].begin == 0;
      return text.aligned.text[piece.begin] != replacement_ && (scheme_ == PrependScheme::kAlways || begins_text);
    });
  }
  if (!split_) return;
  split_at_characters(text, SplitBehavior::kMergedWithNext, [&](char32_t c) { return c == replacement_; });
}

}  // namespace mobileclip::hf
