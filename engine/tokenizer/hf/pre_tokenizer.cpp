#include "engine/tokenizer/hf/pre_tokenizer.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/tokenizer/hf/byte_level.h"
#include "engine/tokenizer/hf/characters.h"
#include "engine/tokenizer/hf/cut_text.h"
#include "engine/tokenizer/hf/metaspace.h"
#include "engine/tokenizer/hf/text_pattern.h"

namespace mobileclip::hf {
namespace {

SplitBehavior parse_behavior(const JsonNode& json) {
  static const std::map<std::string, SplitBehavior> kBehaviors{
      {"Removed", SplitBehavior::kRemoved},
      {"Isolated", SplitBehavior::kIsolated},
      {"MergedWithPrevious", SplitBehavior::kMergedWithPrevious},
      {"MergedWithNext", SplitBehavior::kMergedWithNext},
      {"Contiguous", SplitBehavior::kContiguous},
  };
  const auto behavior = kBehaviors.find(json.string());
  if (behavior == kBehaviors.end()) {
    throw json.error("Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
  }
  return behavior->second;
}

/// A pre-tokeniser that is one function.
class FunctionPreTokenizer : public PreTokenizer {
 public:
  using Function = std::function<void(CutText&)>;
  explicit FunctionPreTokenizer(Function function) : function_(std::move(function)) {}
  void apply(CutText& text) const override { function_(text); }

 private:
  Function function_;
};

class PreTokenizerSequence : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(const JsonNode& json) {
    for (const JsonNode& element : json.at("pretokenizers").elements()) parts_.push_back(parse_pre_tokenizer(element));
  }
  void apply(CutText& text) const override {
    for (const auto& part : parts_) part->apply(text);
  }

 private:
  std::vector<std::unique_ptr<const PreTokenizer>> parts_;
};

class SplitAtPattern : public PreTokenizer {
 public:
  explicit SplitAtPattern(const JsonNode& json)
      : pattern_(TextPattern::parse(json.at("pattern"))),
        behavior_(parse_behavior(json.at("behavior"))),
        invert_(json.boolean_or("invert", false)) {}

  void apply(CutText& text) const override {
    split(text, behavior_, [&](std::u32string_view piece, std::vector<Stretch>& stretches) {
      append_stretches(pattern_->matches(piece), piece.size(), invert_, stretches);
    });
  }

 private:
  std::unique_ptr<const TextPattern> pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

void split_at_white_space(CutText& text) { split_at_characters(text, SplitBehavior::kRemoved, is_white_space); }

/// \w+|[^\w\s]+ of which the rest is dropped.
void split_words_and_symbols(CutText& text) {
  split_at_white_space(text);
  split(text, SplitBehavior::kIsolated, [](std::u32string_view piece, std::vector<Stretch>& stretches) {
    for (std::size_t begin = 0; begin < piece.size(); begin = stretches.back().end) {
      const bool word = is_word(piece[begin]);
      std::size_t end = begin + 1;
      while (end < piece.size() && is_word(piece[end]) == word) ++end;
      stretches.push_back({begin, end, true});
    }
  });
}

using Product = std::unique_ptr<const PreTokenizer>;
using Make = Product (*)(const JsonNode&);

template <typename Part>
Product make(const JsonNode& json) {
  return std::make_unique<const Part>(json);
}

Product make_bert(const JsonNode&) {
  return std::make_unique<const FunctionPreTokenizer>([](CutText& text) {
    split_at_white_space(text);
    split_at_characters(text, SplitBehavior::kIsolated, is_punctuation);
  });
}

Product make_digits(const JsonNode& json) {
  const auto behavior =
      json.boolean_or("individual_digits", false) ? SplitBehavior::kIsolated : SplitBehavior::kContiguous;
  return std::make_unique<const FunctionPreTokenizer>(
      [behavior](CutText& text) { split_at_characters(text, behavior, is_numeric); });
}

Product make_punctuation(const JsonNode& json) {
  const auto named = json.find("behavior");
  const SplitBehavior behavior = named ? parse_behavior(*named) : SplitBehavior::kIsolated;
  return std::make_unique<const FunctionPreTokenizer>(
      [behavior](CutText& text) { split_at_characters(text, behavior, is_punctuation); });
}

Product make_whitespace(const JsonNode&) {
  return std::make_unique<const FunctionPreTokenizer>(split_words_and_symbols);
}

Product make_whitespace_split(const JsonNode&) {
  return std::make_unique<const FunctionPreTokenizer>(split_at_white_space);
}

}  // namespace

std::unique_ptr<const PreTokenizer> parse_pre_tokenizer(const JsonNode& json) {
  static const std::map<std::string, Make> kTypes{
      {"BertPreTokenizer", make_bert}, {"ByteLevel", make<ByteLevel>},    {"Digits", make_digits},
      {"Metaspace", make<Metaspace>},  {"Punctuation", make_punctuation}, {"Sequence", make<PreTokenizerSequence>},
      {"Split", make<SplitAtPattern>}, {"Whitespace", make_whitespace},   {"WhitespaceSplit", make_whitespace_split},
  };
  return json.dispatch(kTypes);
}

}  // namespace mobileclip::hf
