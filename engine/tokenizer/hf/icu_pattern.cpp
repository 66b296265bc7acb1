#include "engine/tokenizer/hf/icu_pattern.h"

#include <cstddef>

namespace mobileclip::hf {
namespace {

/// The escape sequence at `at` of `pattern`, and how ICU writes it: characters of words (Oniguruma's CR_Word) and
/// hexadecimal digits have other names there.
struct Escape {
  std::size_t length;
  std::string written;
};
Escape escape_at(std::string_view pattern, std::size_t at) {
  constexpr std::string_view kWord = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}²³¹¼½¾)";
  const char name = at + 1 < pattern.size() ? pattern[at + 1] : '\\';
  if (name == 'w' || name == 'W') return {2, (name == 'w' ? "[" : "[^") + std::string(kWord) + "]"};
  if (name == 'h' || name == 'H') return {2, name == 'h' ? "[0-9A-Fa-f]" : "[^0-9A-Fa-f]"};
  const bool braced = (name == 'p' || name == 'P' || name == 'x') && at + 2 < pattern.size() && pattern[at + 2] == '{';
  const std::size_t end = braced ? pattern.find('}', at) : std::string_view::npos;
  const std::size_t length = end == std::string_view::npos ? 2 : end + 1 - at;
  return {length, std::string(pattern.substr(at, length))};
}

/// The length of "+" or "{2,}" at `at`; 0 where there is neither, or the lazy form.
std::size_t open_quantifier_at(std::string_view pattern, std::size_t at) {
  std::size_t end = at + 1;
  if (pattern[at] == '{') {
    while (end < pattern.size() && pattern[end] >= '0' && pattern[end] <= '9') ++end;
    if (end == at + 1 || pattern.substr(end, 2) != ",}") return 0;
    end += 2;
  } else if (pattern[at] != '+') {
    return 0;
  }
  return pattern.substr(end, 1) == "?" ? 0 : end - at;
}

}  // namespace

std::string icu_pattern(std::string_view oniguruma) {
  constexpr std::size_t kNone = std::string::npos;
  std::string out;
  std::size_t repeatable = kNone;  // where in `out` the X begins that a + may follow
  std::size_t set_begin = 0;
  int set_depth = 0;
  for (std::size_t i = 0; i < oniguruma.size();) {
    const char c = oniguruma[i];
    if (c == '\\') {
      if (set_depth == 0) repeatable = out.size();
      const Escape escape = escape_at(oniguruma, i);
      out += escape.written;
      i += escape.length;
      continue;
    }
    ++i;
    if (c == '[') {
      if (set_depth++ == 0) set_begin = out.size();
      repeatable = kNone;
    } else if (set_depth > 0) {
      if (c == ']' && --set_depth == 0) repeatable = set_begin;
    } else if (const std::size_t length = repeatable == kNone ? 0 : open_quantifier_at(oniguruma, i - 1); length > 0) {
      const std::string repeated = out.substr(repeatable);
      const std::string_view least = oniguruma.substr(i, length == 1 ? 0 : length - 3);  // "2" of "{2,}"
      out += (least.empty() ? "" : "{" + std::string(least) + "}") + repeated + "*";
      i += length - 1;
      repeatable = kNone;
      continue;
    } else if (std::string_view("()|?*+{}^$").find(c) != std::string_view::npos) {
      repeatable = kNone;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      repeatable = out.size();
    }
    out += c;
  }
  return out;
}

}  // namespace mobileclip::hf
