#include "engine/tokenizer/hf/text_pattern.h"

#include <unicode/regex.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "engine/tokenizer/hf/icu_pattern.h"

namespace mobileclip::hf {
namespace {

class LiteralPattern : public TextPattern {
 public:
  explicit LiteralPattern(std::u32string wanted) : wanted_(std::move(wanted)) {}

  [[nodiscard]] std::vector<Match> matches(std::u32string_view text) const override {
    std::vector<Match> found;
    for (std::size_t at = text.find(wanted_); at != std::u32string_view::npos; at = text.find(wanted_, at)) {
      found.push_back({at, at + wanted_.size()});
      at += wanted_.size();
    }
    return found;
  }

 private:
  std::u32string wanted_;
};

// Bounds what a pattern may cost that backtracks without end. ICU reports every 10,000 states that it may come back to.
struct StepBudget {
  std::int64_t left;
};
UBool U_CALLCONV spend_step(const void* budget, std::int32_t) {
  return --static_cast<StepBudget*>(const_cast<void*>(budget))->left > 0;
}

/// Bytes for what the pattern may come back to: every repetition of a character, with room for a few numbers.
std::int32_t stack_limit(std::size_t code_points) {
  constexpr std::size_t kLeast = std::size_t{8} << 20;
  constexpr std::size_t kMost = std::size_t{1} << 30;
  constexpr std::size_t kPerCodePoint = 64;
  return static_cast<std::int32_t>(std::min(kLeast + kPerCodePoint * code_points, kMost));
}

/// Counts code points along a UTF-16 text, whose offsets must be asked for in their order.
class CodePointCounter {
 public:
  explicit CodePointCounter(const icu::UnicodeString& text) : text_(text) {}
  std::size_t at(std::int32_t offset) {
    counted_ += static_cast<std::size_t>(text_.countChar32(offset_, offset - offset_));
    offset_ = offset;
    return counted_;
  }

 private:
  const icu::UnicodeString& text_;
  std::int32_t offset_ = 0;
  std::size_t counted_ = 0;
};

class RegexPattern : public TextPattern {
 public:
  explicit RegexPattern(std::unique_ptr<const icu::RegexPattern> pattern) : pattern_(std::move(pattern)) {}

  [[nodiscard]] std::vector<Match> matches(std::u32string_view text) const override {
    const icu::UnicodeString utf16 =
        icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()), static_cast<int32_t>(text.size()));
    StepBudget budget{.left = 1000 + static_cast<std::int64_t>(text.size() / 100)};
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<icu::RegexMatcher> matcher(pattern_->matcher(utf16, status));
    if (U_FAILURE(status)) throw std::runtime_error(std::string("ICU regular expression: ") + u_errorName(status));
    matcher->setMatchCallback(spend_step, &budget, status);
    matcher->setStackLimit(stack_limit(text.size()), status);

    std::vector<Match> found;
    CodePointCounter counter(utf16);
    while (matcher->find(status) != 0) {
      const std::size_t begin = counter.at(matcher->start(status));
      const std::size_t end = counter.at(matcher->end(status));
      const bool right_behind_another = begin == end && !found.empty() && found.back().end == begin;
      if (!right_behind_another) found.push_back({begin, end});
    }
    if (U_FAILURE(status)) {
      throw PatternTooCostly("expected a text that the model's pattern for words can cut in reasonable time, found " +
                             std::to_string(text.size()) + " characters that it cannot");
    }
    return found;
  }

 private:
  std::unique_ptr<const icu::RegexPattern> pattern_;
};

}  // namespace

std::unique_ptr<const TextPattern> TextPattern::parse(const JsonNode& json) {
  if (const auto literal = json.find("String")) {
    std::u32string wanted = literal->text();
    if (wanted.empty()) throw literal->error("a text to look for");
    return std::make_unique<LiteralPattern>(std::move(wanted));
  }
  const JsonNode regex = json.at("Regex");
  const icu::UnicodeString source = icu::UnicodeString::fromUTF8(icu_pattern(regex.string()));
  // Oniguruma's ^ and $ stand at line feeds, always.
  constexpr std::uint32_t kFlags = UREGEX_MULTILINE | UREGEX_UNIX_LINES;
  UErrorCode status = U_ZERO_ERROR;
  UParseError where;
  std::unique_ptr<const icu::RegexPattern> pattern(icu::RegexPattern::compile(source, kFlags, where, status));
  if (U_FAILURE(status)) {
    throw regex.error("a regular expression that ICU understands (" + std::string(u_errorName(status)) +
                      " at character " + std::to_string(where.offset) + ")");
  }
  return std::make_unique<RegexPattern>(std::move(pattern));
}

}  // namespace mobileclip::hf
