#include "engine/tokenizer/hf/normalizer.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/tokenizer/hf/bert_normalizer.h"
#include "engine/tokenizer/hf/characters.h"
#include "engine/tokenizer/hf/charsmap_normalizer.h"
#include "engine/tokenizer/hf/text_pattern.h"
#include "engine/tokenizer/hf/unicode_normalizers.h"

namespace mobileclip::hf {
namespace {

/// A normaliser that is one function.
class FunctionNormalizer : public Normalizer {
 public:
  using Function = std::function<void(AlignedText&)>;
  explicit FunctionNormalizer(Function function) : function_(std::move(function)) {}
  void apply(AlignedText& text) const override { function_(text); }

 private:
  Function function_;
};

class NormalizerSequence : public Normalizer {
 public:
  explicit NormalizerSequence(const JsonNode& json) {
    for (const JsonNode& element : json.at("normalizers").elements()) parts_.push_back(parse_normalizer(element));
  }
  void apply(AlignedText& text) const override {
    for (const auto& part : parts_) part->apply(text);
  }

 private:
  std::vector<std::unique_ptr<const Normalizer>> parts_;
};

class Replace : public Normalizer {
 public:
  explicit Replace(const JsonNode& json)
      : pattern_(TextPattern::parse(json.at("pattern"))), content_(json.at("content").text()) {}

  void apply(AlignedText& text) const override {
    const std::vector<TextPattern::Match> matches = pattern_->matches(text.text);
    if (matches.empty()) return;
    AlignedText replaced;
    replaced.reserve(text.size());
    std::size_t copied = 0;
    for (const TextPattern::Match& match : matches) {
      replaced.append(text, copied, match.begin);
      const bool empty = match.begin == match.end;
      replaced.append(content_, empty ? text.place_before(match.begin) : text.source_of(match.begin, match.end));
      copied = match.end;
    }
    replaced.append(text, copied, text.size());
    text = std::move(replaced);
  }

 private:
  std::unique_ptr<const TextPattern> pattern_;
  std::u32string content_;
};

class Prepend : public Normalizer {
 public:
  explicit Prepend(const JsonNode& json) : content_(json.at("prepend").text()) {}

  void apply(AlignedText& text) const override {
    if (text.size() == 0) return;
    AlignedText longer;
    longer.append(content_, text.sources.front());
    longer.append(text, 0, text.size());
    text = std::move(longer);
  }

 private:
  std::u32string content_;
};

/// The Neural Machine Translation team's cleaning, a part of SentencePiece's "nmt_nfkc" (its builder.cc).
void clean_as_nmt(AlignedText& text) {
  remove_if(text, [](char32_t c) {
    return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
  });
  for (char32_t& c : text.text) {
    const bool space = c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == 0x1680 ||
                       (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF ||
                       c == 0xFFFD;
    if (space) c = ' ';
  }
}

template <typename Part>
std::unique_ptr<const Normalizer> make(const JsonNode& json) {
  return std::make_unique<const Part>(json);
}

template <UnicodeForm kForm>
std::unique_ptr<const Normalizer> make_form(const JsonNode&) {
  return std::make_unique<const FunctionNormalizer>([](AlignedText& text) { normalize(kForm, text); });
}

std::unique_ptr<const Normalizer> make_strip(const JsonNode& json) {
  const bool left = json.boolean_or("strip_left", true);
  const bool right = json.boolean_or("strip_right", true);
  return std::make_unique<const FunctionNormalizer>([=](AlignedText& text) { strip(text, left, right); });
}

std::unique_ptr<const Normalizer> make_strip_accents(const JsonNode&) {
  return std::make_unique<const FunctionNormalizer>([](AlignedText& text) { remove_if(text, is_combining_mark); });
}

std::unique_ptr<const Normalizer> make_lowercase(const JsonNode&) {
  return std::make_unique<const FunctionNormalizer>(lower);
}

std::unique_ptr<const Normalizer> make_nmt(const JsonNode&) {
  return std::make_unique<const FunctionNormalizer>(clean_as_nmt);
}

using Make = std::unique_ptr<const Normalizer> (*)(const JsonNode&);

const std::map<std::string, Make>& known_types() {
  static const std::map<std::string, Make> kTypes{
      {"BertNormalizer", make<BertNormalizer>},
      {"Lowercase", make_lowercase},
      {"NFC", make_form<UnicodeForm::kNfc>},
      {"NFD", make_form<UnicodeForm::kNfd>},
      {"NFKC", make_form<UnicodeForm::kNfkc>},
      {"NFKD", make_form<UnicodeForm::kNfkd>},
      {"Nmt", make_nmt},
      {"Precompiled", make<CharsmapNormalizer>},
      {"Prepend", make<Prepend>},
      {"Replace", make<Replace>},
      {"Sequence", make<NormalizerSequence>},
      {"Strip", make_strip},
      {"StripAccents", make_strip_accents},
  };
  return kTypes;
}

}  // namespace

std::unique_ptr<const Normalizer> parse_normalizer(const JsonNode& json) { return json.dispatch(known_types()); }

}  // namespace mobileclip::hf
