#include "engine/tokenizer/clip_pretokenizer.h"

#include "engine/tokenizer/html_entities.h"
#include "engine/tokenizer/text_repair.h"
#include "engine/tokenizer/unicode.h"

namespace mobileclip {
namespace {

std::u32string collapse_white_space(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  bool pending_space = false;
  for (const char32_t c : text) {
    if (is_space(c)) {
      pending_space = !out.empty();
      continue;
    }
    if (pending_space) out.push_back(U' ');
    pending_space = false;
    out.push_back(c);
  }
  return out;
}

// Text is in lower case when it comes here. What remains of ignoring case is the long s, which folds to s.
bool starts_with_ignoring_case(std::u32string_view text, std::u32string_view prefix) {
  if (text.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    if ((text[i] == U'ſ' ? U's' : text[i]) != prefix[i]) return false;
  }
  return true;
}

// The alternatives that are spelt out, in the pattern's order. No one is a prefix of a later one.
constexpr std::u32string_view kFixedPieces[] = {
    U"<start_of_text>", U"<end_of_text>", U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"};

std::size_t fixed_piece(std::u32string_view text) {
  if (text.front() != '<' && text.front() != '\'') return 0;
  for (const std::u32string_view piece : kFixedPieces) {
    if (starts_with_ignoring_case(text, piece)) return piece.size();
  }
  return 0;
}

enum class CharacterKind { kSpace, kLetter, kNumber, kOther, kNone };

CharacterKind kind_of(char32_t c) {
  if (c < 0x80) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return CharacterKind::kLetter;
    if (c >= '0' && c <= '9') return CharacterKind::kNumber;
    return is_space(c) ? CharacterKind::kSpace : CharacterKind::kOther;
  }
  // Ignoring case, the iota below other letters is a letter to [^\s\p{L}\p{N}], but not to [\p{L}]: nothing takes it.
  constexpr char32_t kCombiningIotaSubscript = 0x345;
  if (c == kCombiningIotaSubscript) return CharacterKind::kNone;
  if (is_letter(c)) return CharacterKind::kLetter;
  if (is_number(c)) return CharacterKind::kNumber;
  return is_space(c) ? CharacterKind::kSpace : CharacterKind::kOther;
}

}  // namespace

std::u32string clean_clip_text(std::u32string_view text) {
  std::u32string cleaned = repair_text(text);
  cleaned = html_unescape(html_unescape(cleaned));
  return to_lower(collapse_white_space(cleaned));
}

std::u32string_view next_clip_piece(std::u32string_view text, std::size_t& position) {
  while (position < text.size()) {
    const std::size_t begin = position;
    if (const std::size_t length = fixed_piece(text.substr(begin)); length > 0) {
      position += length;
      return text.substr(begin, length);
    }
    const CharacterKind kind = kind_of(text[begin]);
    ++position;
    if (kind == CharacterKind::kSpace || kind == CharacterKind::kNone) continue;
    const bool single = kind == CharacterKind::kNumber;
    while (!single && position < text.size() && kind_of(text[position]) == kind) ++position;
    return text.substr(begin, position - begin);
  }
  return {};
}

}  // namespace mobileclip
