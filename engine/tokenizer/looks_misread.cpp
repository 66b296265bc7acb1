// After BADNESS_RE of ftfy's badness.py (Robyn Speer, Apache-2.0; version 6.3).
#include "engine/tokenizer/looks_misread.h"

#include <cstddef>
#include <cstdint>

#include "engine/tokenizer/mojibake_characters.h"
#include "engine/tokenizer/unicode.h"

namespace mobileclip {
namespace {

using namespace mojibake_class;
using Classes = std::uint32_t;

// Neighbours of unlikely classes. `third` is 0 where two characters are enough.
struct ClassRule {
  Classes first, second, third;
};

constexpr Classes kAccented = kLowerAccented | kUpperAccented;
constexpr ClassRule kClassRules[] = {
    {kBad | kAccented | kBox | kStart | kEnd | kCurrency | kNumeric | kLaw, kBad, 0},
    {kAsciiLower | kAsciiUpper, kLowerCommon | kUpperCommon, kBad},
    {kBad, kAccented | kBox | kStart | kEnd | kCurrency | kNumeric | kLaw, 0},
    {kLowerAccented | kLowerCommon | kBox | kEnd | kCurrency | kNumeric, kUpperAccented, 0},
    {kBox | kEnd | kCurrency | kNumeric, kLowerAccented, 0},
    {kLowerAccented | kBox | kEnd, kCurrency, 0},
    {kUpperAccented | kBox, kNumeric | kLaw, 0},
    {kAccented | kBox | kCurrency | kEnd, kStart, kNumeric},
    {kAccented | kCurrency | kNumeric | kBox | kLaw, kEnd, kStart},
    {kCurrency | kNumeric | kBox, kStart, 0},
    {kAsciiLower, kUpperAccented, kStart | kCurrency},
    {kBox, kKaomoji, 0},
    {kAccented | kCurrency | kNumeric | kStart | kEnd | kLaw, kBox, 0},
    {kBox, kEnd, 0},
};

// A set of characters: some by name, some by class.
struct Set {
  std::u32string_view characters;
  Classes classes = kNone;

  [[nodiscard]] bool contains(char32_t c) const {
    return (mojibake_classes(c) & classes) != 0 || characters.find(c) != std::u32string_view::npos;
  }
};

// The same for characters by name. `third` is empty where two are enough.
struct CharacterRule {
  Set first, second, third;
};

const CharacterRule kCharacterRules[] = {
    // Degree signs after capitals.
    {{U"", kUpperAccented}, {U"°"}, {}},
    // Windows-1252: the most common pairs.
    {{U"ÂÃÎÐ"}, {U"€œŠš¢£Ÿž\u00A0\u00AD®©°·»–—´", kStart | kEnd}, {}},
    {{U"Ã"}, {U"\u00A0¡"}, {}},
    {{U"×"}, {U"²³"}, {}},
    {{U".,?!", kAsciiLower | kEnd}, {U"Â"}, {U" ", kStart | kEnd}},
    // Windows-1252: the first of three bytes in some South Asian scripts.
    {{U"à"}, {U"²µ¹¼½¾"}, {}},
    // Mac Roman.
    {{U"√"}, {U"±∂†≠®™´≤≥¥µø"}, {}},
    {{U"≈"}, {U"°¢"}, {}},
    {{U"‚"}, {U"Ä"}, {U"ìîïòôúùû†°¢π"}},
    {{U"‚"}, {U"âó"}, {U"àä°ê"}},
    // Windows-1251: U+2000 and up (в, Ђ), and Latin-1 or Cyrillic (В, Г, Р, С), where three are needed.
    {{U"\u0432"}, {U"\u0402"}, {}},
    {{U"\u0412\u0413\u0420\u0421"}, {U"°µ", kC1 | kBad | kStart | kEnd | kCurrency}, {U"\u0412\u0413\u0420\u0421"}},
    // Windows-1253: U+2000 and up (β), and Latin-1 or Greek (Β, Γ, Ξ, Ο).
    {{U"\u03B2"}, {U"€"}, {U"™\u00A0\u0386\u00AD®°"}},
    {{U"\u0392\u0393\u039E\u039F"}, {U"°", kC1 | kBad | kStart | kEnd | kCurrency}, {U"\u0392\u0393\u039E\u039F"}},
    // Windows-1257: U+2000 and up.
    {{U"ā"}, {U"€"}, {}},
};

bool is_ascii_letter(char32_t c) { return (mojibake_classes(c) & (kAsciiLower | kAsciiUpper)) != 0; }
bool is_word_character(char32_t c) { return c == '_' || is_letter(c) || is_number(c); }
bool is_a_with_tilde_or_circumflex(char32_t c) { return c == U'Ã' || c == U'Â'; }

// Whether one of the unlikely sequences begins at `text[i]`.
class SequenceAt {
 public:
  SequenceAt(std::u32string_view text, std::size_t i) : text_(text.substr(i)), at_start_of_text_(i == 0) {}

  [[nodiscard]] bool unlikely() const {
    if (at(0) < 0x80 && at(1) < 0x80 && at(2) < 0x80) return false;
    return breaks_class_rule() || breaks_character_rule() || breaks_context_rule();
  }

 private:
  // U+0000, which is in no set, beyond the end.
  [[nodiscard]] char32_t at(std::size_t i) const { return i < text_.size() ? text_[i] : 0; }
  [[nodiscard]] Classes classes(std::size_t i) const { return mojibake_classes(at(i)); }

  [[nodiscard]] bool breaks_class_rule() const {
    const Classes first = classes(0);
    if ((first & kC1) != 0) return true;
    const Classes second = classes(1);
    if (first == kNone || second == kNone) return false;
    const Classes third = classes(2);
    for (const ClassRule& rule : kClassRules) {
      if ((first & rule.first) && (second & rule.second) && (rule.third == 0 || (third & rule.third))) return true;
    }
    return false;
  }

  [[nodiscard]] bool breaks_character_rule() const {
    for (const CharacterRule& rule : kCharacterRules) {
      const bool two_are_enough = rule.third.characters.empty() && rule.third.classes == kNone;
      if (rule.first.contains(at(0)) && rule.second.contains(at(1)) && (two_are_enough || rule.third.contains(at(2)))) {
        return true;
      }
    }
    return false;
  }

  // Rules that ask for a space, a word character or the start of the text.
  [[nodiscard]] bool breaks_context_rule() const {
    if (is_space(at(0)) && (classes(1) & kUpperAccented) && (classes(2) & kCurrency)) return true;
    if ((classes(0) & kAccented) && (classes(1) & (kStart | kEnd)) && is_word_character(at(2))) return true;
    // The ligature œ where no unaccented letter follows.
    if ((at(0) == U'Œ' || at(0) == U'œ') && text_.size() > 1 && !is_ascii_letter(at(1))) return true;
    // Â and Ã before what was a no-break space.
    const bool spaced = is_a_with_tilde_or_circumflex(at(0)) && at(1) == ' ';
    if (spaced && at_start_of_text_) return true;
    if ((classes(0) & kAsciiLower) != 0) {
      const std::size_t letter = is_space(at(1)) ? 2 : 1;
      if (is_a_with_tilde_or_circumflex(at(letter)) && at(letter + 1) == ' ') return true;
    }
    return breaks_arabic_rule() || breaks_twice_misread_rule();
  }

  // Arabic in Windows-1252: two pairs in a row, as their second halves are common characters.
  [[nodiscard]] bool breaks_arabic_rule() const {
    static constexpr Set kSecondHalf{U"ŸŠ®°µ»", kCommon | kCurrency | kBad | kNumeric | kStart};
    const auto is_pair = [&](std::size_t i) {
      return (at(i) == U'Ø' || at(i) == U'Ù') && kSecondHalf.contains(at(i + 1));
    };
    return is_pair(0) && is_pair(2);
  }

  // Windows-1252 read as Latin-1 and then as Windows-1251: "ГўВЂВ", any character, a letter or space.
  [[nodiscard]] bool breaks_twice_misread_rule() const {
    return text_.starts_with(U"\u0413\u045E\u0412\u0402\u0412") && text_.size() > 6 && at(5) != '\n' &&
           (is_ascii_letter(at(6)) || at(6) == ' ');
  }

  std::u32string_view text_;
  bool at_start_of_text_;
};

}  // namespace

bool looks_misread(std::u32string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (SequenceAt(text, i).unlikely()) return true;
  }
  return false;
}

}  // namespace mobileclip
