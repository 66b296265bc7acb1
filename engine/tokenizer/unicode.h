// What the tokenisers need to know of Unicode, from ICU, with the meaning that Python gives each question.
// Everything here is thread-safe and linear in its input.
#pragma once

#include <string>
#include <string_view>

namespace mobileclip {

/// Fetches ICU's data, so that nothing below can fail afterwards. Throws LoadError where it is not installed.
void require_unicode_data();

bool is_space(char32_t c);   ///< str.isspace()
bool is_letter(char32_t c);  ///< general category L*
bool is_number(char32_t c);  ///< general category N*
bool is_digit(char32_t c);   ///< general category Nd

/// str.lower(): full case mapping without a locale, final sigma included.
std::u32string to_lower(std::u32string_view text);

/// unicodedata.normalize("NFC", text)
std::u32string normalize_nfc(std::u32string_view text);

/// unicodedata.normalize("NFKC", c)
std::u32string normalize_nfkc(char32_t c);

}  // namespace mobileclip
