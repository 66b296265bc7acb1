#include "engine/tokenizer/html_entities.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "engine/tokenizer/single_byte_encodings.h"

namespace mobileclip {
namespace {

struct HtmlEntity {
  std::string_view name;         // without "&"; with ";" where the reference has it
  std::array<char32_t, 3> text;  // padded with zeros
};

#include "engine/tokenizer/html_entities.inc"

static_assert(std::ranges::is_sorted(kHtml5Entities, {}, &HtmlEntity::name));
static_assert(std::ranges::is_sorted(kUppercasedEntities, {}, &HtmlEntity::name));

// html.unescape's pattern takes names of up to 32 characters, ftfy's of up to 24, both without the semicolon.
constexpr std::size_t kLongestName = 32;
constexpr std::size_t kLongestUnambiguousName = 24;

const HtmlEntity* find_entity(std::span<const HtmlEntity> entities, std::string_view name) {
  const auto found = std::ranges::lower_bound(entities, name, {}, &HtmlEntity::name);
  return found != entities.end() && found->name == name ? &*found : nullptr;
}

void append_text(std::u32string& out, const HtmlEntity& entity) {
  for (const char32_t c : entity.text) {
    if (c != 0) out.push_back(c);
  }
}

bool is_ascii_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_ascii_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::optional<unsigned> digit_value(char32_t c, unsigned base) {
  if (is_ascii_digit(c)) return c - '0';
  if (base == 16 && c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (base == 16 && c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// Python's html._invalid_codepoints: noncharacters and controls, which vanish.
bool vanishes(char32_t c) {
  return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F ||
         (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

void append_numbered(std::u32string& out, char32_t number) {
  if (number == 0 || number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF)) {
    out.push_back(0xFFFD);
  } else if (number >= 0x80 && number <= 0x9F) {
    out.push_back(windows_1252_of_c1(number));
  } else if (!vanishes(number)) {
    out.push_back(number);
  }
}

struct NumericReference {
  char32_t number;     // 0x110000 stands for everything larger
  std::size_t length;  // from "&" to the last digit or ";"; 0 where there is no such reference
};

// "&#" and digits or "&#x" and hexadecimal digits, then perhaps ";".
NumericReference numeric_reference(std::u32string_view text) {
  const bool hexadecimal = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
  const std::size_t first_digit = hexadecimal ? 3 : 2;
  char32_t number = 0;
  std::size_t end = first_digit;
  for (; end < text.size(); ++end) {
    const std::optional<unsigned> digit = digit_value(text[end], hexadecimal ? 16 : 10);
    if (!digit) break;
    number = std::min<char32_t>(number * (hexadecimal ? 16 : 10) + *digit, 0x110000);
  }
  if (end == first_digit) return {0, 0};
  if (end < text.size() && text[end] == ';') ++end;
  return {number, end};
}

// Characters of a possible name after "&": the pattern [^\t\n\f <&#;]{1,32};? of html.unescape. Only ASCII ones can
// match an entity, so what is returned stops at the first other; `length` counts all that the pattern takes.
struct NameCandidate {
  std::array<char, kLongestName + 1> ascii;
  std::size_t ascii_length;
  std::size_t length;
};

NameCandidate name_candidate(std::u32string_view text) {
  static constexpr std::u32string_view kStops = U"\t\n\f <&#;";
  NameCandidate name{{}, 0, 0};
  while (name.length < kLongestName && name.length < text.size() &&
         kStops.find(text[name.length]) == std::u32string_view::npos) {
    ++name.length;
  }
  if (name.length > 0 && name.length < text.size() && text[name.length] == ';') ++name.length;
  while (name.ascii_length < name.length && text[name.ascii_length] < 0x80) {
    name.ascii[name.ascii_length] = static_cast<char>(text[name.ascii_length]);
    ++name.ascii_length;
  }
  return name;
}

// Appends what the reference at the start of `text` ("&…") stands for; returns how many characters it took.
std::size_t append_reference(std::u32string& out, std::u32string_view text) {
  if (text.size() > 1 && text[1] == '#') {
    const NumericReference reference = numeric_reference(text);
    if (reference.length > 0) {
      append_numbered(out, reference.number);
      return reference.length;
    }
  } else {
    const NameCandidate name = name_candidate(text.substr(1));
    // The whole candidate, else its longest prefix of two characters or more.
    for (std::size_t length = name.ascii_length; length >= 2; --length) {
      if (const HtmlEntity* entity = find_entity(kHtml5Entities, {name.ascii.data(), length})) {
        append_text(out, *entity);
        return 1 + length;
      }
    }
  }
  out.push_back('&');
  return 1;
}

// The same for ftfy's pattern &#?[0-9A-Za-z]{1,24};
std::size_t append_unambiguous_reference(std::u32string& out, std::u32string_view text) {
  const bool numeric = text.size() > 1 && text[1] == '#';
  const std::size_t begin = numeric ? 2 : 1;
  std::array<char, kLongestUnambiguousName + 1> name;
  std::size_t length = 0;
  while (length < kLongestUnambiguousName && begin + length < text.size() &&
         (is_ascii_digit(text[begin + length]) || is_ascii_letter(text[begin + length]))) {
    name[length] = static_cast<char>(text[begin + length]);
    ++length;
  }
  const bool ended = length > 0 && begin + length < text.size() && text[begin + length] == ';';
  if (ended && numeric) {
    // "&#59;" stands for the semicolon itself, by which ftfy takes it for a reference only half read.
    const NumericReference reference = numeric_reference(text);
    if (reference.length == begin + length + 1 && reference.number != ';') {
      append_numbered(out, reference.number);
      return reference.length;
    }
  } else if (ended) {
    name[length] = ';';
    const std::string_view key(name.data(), length + 1);
    const HtmlEntity* entity = find_entity(kHtml5Entities, key);
    if (entity == nullptr) entity = find_entity(kUppercasedEntities, key);
    if (entity != nullptr) {
      append_text(out, *entity);
      return length + 2;
    }
  }
  out.push_back('&');
  return 1;
}

template <typename AppendReference>
std::u32string replace_references(std::u32string_view text, AppendReference append_reference_at) {
  std::u32string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '&') {
      i += append_reference_at(out, text.substr(i));
    } else {
      out.push_back(text[i++]);
    }
  }
  return out;
}

}  // namespace

std::u32string html_unescape(std::u32string_view text) { return replace_references(text, append_reference); }

std::u32string unescape_unambiguous_html(std::u32string_view text) {
  return replace_references(text, append_unambiguous_reference);
}

}  // namespace mobileclip
