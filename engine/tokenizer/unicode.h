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

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

/// unicodedata.normalize(form, text)
std::u32string normalize(UnicodeForm form, std::u32string_view text);

/// Whether what stands before `c` and what follows are normalised independently of each other.
bool begins_afresh(UnicodeForm form, char32_t c);

/// Whether `c` stays as it is where it stands among none but such characters.
bool is_unchanged_in(UnicodeForm form, char32_t c);

}  // namespace mobileclip
