#include "engine/tokenizer/hf/characters.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace mobileclip::hf {
namespace {

bool in_unicode(int version, char32_t c) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] != 0 && age[0] <= version;
}

bool in_category(char32_t c, std::uint32_t categories) {
  return (U_GET_GC_MASK(static_cast<UChar32>(c)) & categories) != 0;
}

bool is_ascii_letter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_ascii_digit(char32_t c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_white_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D);
  return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0;
}

bool is_word(char32_t c) {
  if (c < 0x80) return is_ascii_letter(c) || is_ascii_digit(c) || c == '_';
  const auto character = static_cast<UChar32>(c);
  return u_isUAlphabetic(character) != 0 || u_hasBinaryProperty(character, UCHAR_JOIN_CONTROL) != 0 ||
         in_category(c, U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK);
}

bool is_numeric(char32_t c) { return in_category(c, U_GC_N_MASK); }

bool is_punctuation(char32_t c) {
  if (c < 0x80) return c > ' ' && c < 0x7F && !is_ascii_letter(c) && !is_ascii_digit(c);
  return in_category(c, U_GC_P_MASK) && in_unicode(8, c);
}

bool is_nonspacing_mark(char32_t c) { return c >= 0x300 && in_category(c, U_GC_MN_MASK) && in_unicode(8, c); }

bool is_control(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  if (c < 0x80) return c < ' ' || c == 0x7F;
  return in_category(c, U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK) && in_unicode(8, c);
}

bool is_combining_mark(char32_t c) { return c >= 0x300 && in_category(c, U_GC_M_MASK) && in_unicode(9, c); }

bool is_normalizable(char32_t c) { return c < 0x300 || in_unicode(11, c); }

bool is_cjk_ideograph(char32_t c) {
  struct Block {
    char32_t first, last;
  };
  constexpr std::array<Block, 8> kBlocks{{{0x4E00, 0x9FFF},
                                          {0x3400, 0x4DBF},
                                          {0x20000, 0x2A6DF},
                                          {0x2A700, 0x2B73F},
                                          {0x2B740, 0x2B81F},
                                          {0x2B920, 0x2CEAF},
                                          {0xF900, 0xFAFF},
                                          {0x2F800, 0x2FA1F}}};
  if (c < 0x3400) return false;
  return std::ranges::any_of(kBlocks, [c](const Block& block) { return c >= block.first && c <= block.last; });
}

void append_lower(std::u32string& out, char32_t c) {
  constexpr char32_t kCapitalIWithDot = 0x130;  // the only one whose lower case is two characters (SpecialCasing.txt)
  if (c == kCapitalIWithDot) {
    out += U"i\u0307";
  } else if (c < 0x80) {
    out += c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
  } else {
    out += static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)));
  }
}

}  // namespace mobileclip::hf
