#include "engine/tokenizer/mojibake.h"

#include <algorithm>
#include <optional>

#include "engine/tokenizer/looks_misread.h"
#include "engine/tokenizer/misread_utf8_bytes.h"
#include "engine/tokenizer/mojibake_characters.h"
#include "engine/tokenizer/single_byte_encodings.h"
#include "engine/tokenizer/utf8.h"

namespace mobileclip {
namespace {

using namespace mojibake_class;

bool is_ascii(std::u32string_view text) {
  return std::ranges::all_of(text, [](char32_t c) { return c < 0x80; });
}

bool is_c1(char32_t c) { return c >= 0x80 && c <= 0x9F; }

// Reads the whole text anew: which bytes was it in some encoding, and are they UTF-8?
std::optional<std::u32string> reread_as_utf8(std::u32string_view text) {
  for (const SingleByteEncoding& encoding : single_byte_encodings()) {
    std::optional<std::string> bytes = encoding.encode(text);
    if (!bytes) continue;
    // In Mac Roman, what looks like a lost no-break space is an en dash before a space.
    if (encoding.name != "mac-roman") bytes = restore_no_break_spaces(*bytes);
    if (encoding.sloppy) bytes = replace_lossy_sequences(*bytes);
    if (std::optional<std::u32string> reread = decode_utf8_variants(*bytes)) return reread;
  }
  return std::nullopt;
}

// How many characters from `begin` on look like one sequence of UTF-8, 0 if they don't.
std::size_t utf8_like_sequence(std::u32string_view text, std::size_t begin) {
  const std::uint32_t first = mojibake_classes(text[begin]);
  const std::size_t continuations = first & kFirstOf2 ? 1 : first & kFirstOf3 ? 2 : first & kFirstOf4 ? 3 : 0;
  if (continuations == 0 || begin + continuations >= text.size()) return 0;
  for (std::size_t i = 1; i <= continuations; ++i) {
    if ((mojibake_classes(text[begin + i]) & kContinuation) == 0) return 0;
  }
  return 1 + continuations;
}

// Repairs runs of UTF-8-like sequences inside text that as a whole is something else (ftfy's decode_inconsistent_utf8).
std::u32string repair_islands(std::u32string_view text, WorkBudget& budget) {
  std::u32string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    // Not after what may be the rest of a longer sequence: half a repair is worse than none.
    const bool may_begin = i == 0 || (mojibake_classes(text[i - 1]) & kContinuationStrict) == 0;
    std::size_t end = i;
    while (may_begin && end < text.size()) {
      const std::size_t length = utf8_like_sequence(text, end);
      if (length == 0) break;
      end += length;
    }
    if (end == i) {
      out.push_back(text[i++]);
      continue;
    }
    const std::u32string_view island = text.substr(i, end - i);
    // The whole text is no island, or this would never end.
    if (island.size() < text.size() && looks_misread(island)) {
      out += repair_misread_utf8(std::u32string(island), budget);
    } else {
      out += island;
    }
    i = end;
  }
  return out;
}

// Latin-1 that was meant as Windows-1252 throughout: C1 controls, all of which Windows-1252 defines.
std::optional<std::u32string> reread_as_windows_1252(std::u32string_view text) {
  std::u32string out(text);
  for (char32_t& c : out) {
    if (c > 0xFF) return std::nullopt;
    if (!is_c1(c)) continue;
    const char32_t meant = windows_1252_of_c1(c);
    if (meant == c) return std::nullopt;
    c = meant;
  }
  return out;
}

std::u32string with_c1_as_windows_1252(std::u32string_view text) {
  std::u32string out(text);
  for (char32_t& c : out) {
    if (is_c1(c)) c = windows_1252_of_c1(c);
  }
  return out;
}

std::u32string repair_one_layer(std::u32string_view text, WorkBudget& budget) {
  if (is_ascii(text) || !looks_misread(text)) return std::u32string(text);
  if (std::optional<std::u32string> reread = reread_as_utf8(text)) return *std::move(reread);
  if (std::u32string repaired = repair_islands(text, budget); repaired != text) return repaired;
  if (std::optional<std::u32string> reread = reread_as_windows_1252(text); reread && *reread != text) return *reread;
  return with_c1_as_windows_1252(text);
}

}  // namespace

std::u32string repair_misread_utf8(std::u32string text, WorkBudget& budget) {
  while (budget.spend(text.size())) {
    std::u32string repaired = repair_one_layer(text, budget);
    if (repaired == text) break;
    text = std::move(repaired);
  }
  return text;
}

}  // namespace mobileclip
