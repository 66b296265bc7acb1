#include "engine/tokenizer/text_repair.h"

#include <algorithm>
#include <array>

#include "engine/tokenizer/html_entities.h"
#include "engine/tokenizer/mojibake.h"
#include "engine/tokenizer/single_byte_encodings.h"
#include "engine/tokenizer/unicode.h"
#include "engine/tokenizer/work_budget.h"

namespace mobileclip {
namespace {

// ftfy's max_decode_length: longer lines are repaired in pieces of so many code points.
constexpr std::size_t kMaxSegment = 1'000'000;

// Letters that are two (or three) letters in one code point, for the sake of typesetting or of old encodings.
std::u32string_view letters_of_ligature(char32_t c) {
  switch (c) {
    case U'Ĳ':
      return U"IJ";
    case U'ĳ':
      return U"ij";
    case U'ŉ':
      return U"ʼn";
    case U'Ǳ':
      return U"DZ";
    case U'ǲ':
      return U"Dz";
    case U'ǳ':
      return U"dz";
    case U'Ǆ':
      return U"DŽ";
    case U'ǅ':
      return U"Dž";
    case U'ǆ':
      return U"dž";
    case U'Ǉ':
      return U"LJ";
    case U'ǈ':
      return U"Lj";
    case U'ǉ':
      return U"lj";
    case U'Ǌ':
      return U"NJ";
    case U'ǋ':
      return U"Nj";
    case U'ǌ':
      return U"nj";
    case U'ﬀ':
      return U"ff";
    case U'ﬁ':
      return U"fi";
    case U'ﬂ':
      return U"fl";
    case U'ﬃ':
      return U"ffi";
    case U'ﬄ':
      return U"ffl";
    case U'ﬅ':
      return U"ſt";
    case U'ﬆ':
      return U"st";
    default:
      return {};
  }
}

// The block of half-width and full-width forms, and what NFKC makes of each.
constexpr char32_t kFirstWidthForm = 0xFF01;
constexpr char32_t kLastWidthForm = 0xFFEF;
constexpr char32_t kIdeographicSpace = 0x3000;

bool is_width_form(char32_t c) { return c >= kFirstWidthForm && c <= kLastWidthForm; }

const std::u32string& standard_width_form(char32_t c) {
  static const auto kForms = [] {
    std::array<std::u32string, kLastWidthForm - kFirstWidthForm + 1> forms;
    for (std::size_t i = 0; i < forms.size(); ++i)
      forms[i] = normalize(UnicodeForm::kNfkc, std::u32string(1, static_cast<char32_t>(kFirstWidthForm + i)));
    return forms;
  }();
  return kForms[c - kFirstWidthForm];
}

char32_t straightened(char32_t c) {
  if (c == 0x02BC || (c >= 0x2018 && c <= 0x201B)) return '\'';
  if (c >= 0x201C && c <= 0x201F) return '"';
  return c;
}

// C1 controls as Windows-1252, ligatures, width, quotation marks: one character after the other.
std::u32string simplify_characters(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (char32_t c : text) {
    if (c >= 0x80 && c <= 0x9F) c = windows_1252_of_c1(c);
    if (const std::u32string_view letters = letters_of_ligature(c); !letters.empty()) {
      for (const char32_t letter : letters) out.push_back(straightened(letter));
    } else if (is_width_form(c)) {
      out += standard_width_form(c);
    } else {
      out.push_back(c == kIdeographicSpace ? U' ' : straightened(c));
    }
  }
  return out;
}

// U+0085 is a line break too, but windows_1252_of_c1 has made an ellipsis of it.
std::u32string unify_line_breaks(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out.push_back(c == '\r' || c == 0x2028 || c == 0x2029 ? U'\n' : c);
  }
  return out;
}

// Sequences such as "\e[36;44m", which colour text in terminals.
std::u32string remove_terminal_escapes(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == 0x1B && i + 1 < text.size() && text[i + 1] == '[') {
      std::size_t end = i + 2;
      while (end < text.size() && (text[end] == ';' || is_digit(text[end]))) ++end;
      const char32_t last = end < text.size() ? text[end] : 0;
      if ((last >= 'a' && last <= 'z') || (last >= 'A' && last <= 'Z')) {
        i = end;
        continue;
      }
    }
    out.push_back(text[i]);
  }
  return out;
}

// Controls without a use in text: those of ASCII that are no white space, deprecated Arabic ones, the byte order mark,
// interlinear annotation, the object replacement character.
bool is_useless_control(char32_t c) {
  return c <= 0x08 || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || (c >= 0x206A && c <= 0x206F) ||
         c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFC);
}

// ftfy also joins surrogates; there are none in code points decoded from UTF-8, and no step makes any.
std::u32string repair_segment(std::u32string text, bool unescape_html) {
  WorkBudget budget(kRepairBudget);
  while (budget.spend(text.size())) {
    std::u32string repaired = unescape_html ? unescape_unambiguous_html(text) : text;
    repaired = repair_misread_utf8(std::move(repaired), budget);
    repaired = simplify_characters(repaired);
    repaired = unify_line_breaks(repaired);
    repaired = remove_terminal_escapes(repaired);
    std::erase_if(repaired, is_useless_control);
    repaired = normalize(UnicodeForm::kNfc, repaired);
    if (repaired == text) break;
    text = std::move(repaired);
  }
  return text;
}

// Most texts: printable ASCII that no step changes.
bool needs_no_repair(std::u32string_view text, bool unescape_html) {
  return std::ranges::all_of(text, [&](char32_t c) {
    return (c >= 0x20 && c < 0x7F && !(unescape_html && c == '&')) || c == '\n' || c == '\t' || c == '\f';
  });
}

}  // namespace

std::u32string repair_text(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  bool unescape_html = true;
  while (!text.empty()) {
    const std::size_t line_break = text.find(U'\n');
    const std::size_t line = line_break == std::u32string_view::npos ? text.size() : line_break + 1;
    const std::u32string_view segment = text.substr(0, std::min(line, kMaxSegment));
    // From the first "<" on, text may be HTML that means its references.
    unescape_html = unescape_html && segment.find(U'<') == std::u32string_view::npos;
    if (needs_no_repair(segment, unescape_html)) {
      out += segment;
    } else {
      out += repair_segment(std::u32string(segment), unescape_html);
    }
    text.remove_prefix(segment.size());
  }
  return out;
}

}  // namespace mobileclip
