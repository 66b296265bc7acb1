#include "engine/tokenizer/unicode.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/unorm2.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>

#include "engine/base/error.h"

namespace mobileclip {
namespace {

icu::UnicodeString to_icu(std::u32string_view text) {
  icu::UnicodeString out;
  for (const char32_t c : text) out.append(static_cast<UChar32>(c));
  return out;
}

std::u32string from_icu(const icu::UnicodeString& text) {
  std::u32string out;
  out.reserve(static_cast<std::size_t>(text.length()));
  for (int32_t i = 0; i < text.length();) {
    const UChar32 c = text.char32At(i);
    out.push_back(static_cast<char32_t>(c));
    i += U16_LENGTH(c);
  }
  return out;
}

using GetNormalizer = const icu::Normalizer2* (*)(UErrorCode&);

const icu::Normalizer2& normalizer(GetNormalizer get, const char* form) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* instance = get(status);
  if (U_FAILURE(status)) throw LoadError(std::string("ICU has no data for ") + form + ": " + u_errorName(status));
  return *instance;
}

const icu::Normalizer2& nfc() { return normalizer(icu::Normalizer2::getNFCInstance, "NFC"); }
const icu::Normalizer2& nfd() { return normalizer(icu::Normalizer2::getNFDInstance, "NFD"); }
const icu::Normalizer2& nfkc() { return normalizer(icu::Normalizer2::getNFKCInstance, "NFKC"); }
const icu::Normalizer2& nfkd() { return normalizer(icu::Normalizer2::getNFKDInstance, "NFKD"); }

struct FormTraits {
  const icu::Normalizer2& (*normalizer)();
  UProperty quick_check;
  char32_t first_changed;  ///< characters below neither change nor combine with what stands before them
};

constexpr std::array<FormTraits, 4> kForms{{{nfc, UCHAR_NFC_QUICK_CHECK, 0x300},
                                            {nfd, UCHAR_NFD_QUICK_CHECK, 0xC0},
                                            {nfkc, UCHAR_NFKC_QUICK_CHECK, 0xA0},
                                            {nfkd, UCHAR_NFKD_QUICK_CHECK, 0xA0}}};
const FormTraits& traits_of(UnicodeForm form) { return kForms[static_cast<std::size_t>(form)]; }

icu::UnicodeString normalized(const icu::Normalizer2& form, const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString out = form.normalize(text, status);
  if (U_FAILURE(status)) throw std::runtime_error(std::string("ICU normalisation: ") + u_errorName(status));
  return out;
}

// ICU puts marks into canonical order by insertion: quadratic where thousands of them follow one letter. Sorting such
// a run first gives canonically equivalent text, so its normal forms are the same. Shorter runs are left to ICU.
constexpr std::size_t kLongRunOfMarks = 64;

void sort_marks(std::u32string& decomposed) {
  const auto combining_class = [](char32_t c) { return u_getCombiningClass(static_cast<UChar32>(c)); };
  const auto is_mark = [&](char32_t c) { return combining_class(c) != 0; };
  for (auto first = decomposed.begin(); first != decomposed.end();) {
    first = std::find_if(first, decomposed.end(), is_mark);
    const auto last = std::find_if_not(first, decomposed.end(), is_mark);
    std::stable_sort(first, last, [&](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    first = last;
  }
}

std::u32string with_long_runs_sorted(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    std::size_t run = i;
    while (run < text.size() && text[run] >= 0x300 && !nfd().hasBoundaryBefore(static_cast<UChar32>(text[run]))) ++run;
    if (run - i < kLongRunOfMarks) {
      run = std::max(run, i + 1);
      out.append(text.substr(i, run - i));
    } else {
      std::u32string decomposed;
      for (const char32_t c : text.substr(i, run - i)) {
        icu::UnicodeString parts;
        if (nfd().getDecomposition(static_cast<UChar32>(c), parts)) {
          decomposed += from_icu(parts);
        } else {
          decomposed += c;
        }
      }
      sort_marks(decomposed);
      out += decomposed;
    }
    i = run;
  }
  return out;
}

}  // namespace

void require_unicode_data() {
  nfc();
  nfd();
  nfkc();
  nfkd();
}

bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0;
}

bool is_letter(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_L_MASK) != 0; }
bool is_number(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_N_MASK) != 0; }
bool is_digit(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_ND_MASK) != 0; }

std::u32string to_lower(std::u32string_view text) {
  std::u32string out(text);
  if (std::ranges::all_of(text, [](char32_t c) { return c < 0x80; })) {
    for (char32_t& c : out) c = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
    return out;
  }
  return from_icu(to_icu(text).toLower(icu::Locale::getRoot()));
}

std::u32string normalize(UnicodeForm form, std::u32string_view text) {
  const FormTraits& traits = traits_of(form);
  if (std::ranges::all_of(text, [&](char32_t c) { return c < traits.first_changed; })) return std::u32string(text);
  return from_icu(normalized(traits.normalizer(), to_icu(with_long_runs_sorted(text))));
}

bool begins_afresh(UnicodeForm form, char32_t c) {
  return c < kForms[0].first_changed || traits_of(form).normalizer().hasBoundaryBefore(static_cast<UChar32>(c)) != 0;
}

bool is_unchanged_in(UnicodeForm form, char32_t c) {
  const FormTraits& traits = traits_of(form);
  const auto character = static_cast<UChar32>(c);
  return c < traits.first_changed ||
         (u_getIntPropertyValue(character, traits.quick_check) == UNORM_YES && u_getCombiningClass(character) == 0);
}

}  // namespace mobileclip
