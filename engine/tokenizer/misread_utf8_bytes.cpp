#include "engine/tokenizer/misread_utf8_bytes.h"

#include <algorithm>
#include <cstddef>

#include "engine/tokenizer/utf8.h"

namespace mobileclip {
namespace {

constexpr unsigned char kNoBreakSpace = 0xA0;
constexpr unsigned char kLost = 0x1A;

// Bytes from an offset on; reads 0, which no rule asks for, beyond the end.
class Window {
 public:
  Window(std::string_view bytes, std::size_t offset) : bytes_(bytes.substr(offset)) {}
  unsigned operator[](std::size_t i) const { return i < bytes_.size() ? static_cast<unsigned char>(bytes_[i]) : 0; }
  [[nodiscard]] bool starts_with(std::string_view prefix) const { return bytes_.starts_with(prefix); }

 private:
  std::string_view bytes_;
};

constexpr bool between(unsigned byte, unsigned first, unsigned last) { return byte >= first && byte <= last; }
constexpr bool continues(unsigned byte) { return between(byte, 0x80, 0xBF); }

// "Ã " as a word of its own was "à " and has lost one of two spaces, so it keeps the one it has; but Portuguese
// contractions (às, àquele, àquela, àquilo) go on behind it.
bool is_a_grave_word(const Window& at) {
  if (at[0] != 0xC3 || at[1] != ' ') return false;
  static constexpr std::string_view kContinuedBy[] = {"\xC3  ", "\xC3 quele", "\xC3 quela", "\xC3 quilo", "\xC3 s "};
  return std::ranges::none_of(kContinuedBy, [&](std::string_view word) { return at.starts_with(word); });
}

// The length of a sequence of which one byte is a space for A0, 0 if none begins here. Limited to sequences that are
// likely with A0: after C3, CE or D0 for instance, but not in most of CJK.
std::size_t sequence_with_space(const Window& at) {
  const auto likely = [](unsigned byte) { return continues(byte) && byte != 0x85 && byte != kNoBreakSpace; };
  if (at[0] == 0xF0) {
    int spaces = 0;
    for (std::size_t i = 1; i <= 3; ++i) {
      if (at[i] == ' ') {
        ++spaces;
      } else if (!continues(at[i])) {
        return 0;
      }
    }
    return spaces == 1 ? 4 : 0;
  }
  if (between(at[0], 0xE2, 0xE3) && at[1] == ' ' && likely(at[2])) return 3;
  if (between(at[0], 0xE0, 0xE3) && likely(at[1]) && at[2] == ' ') return 3;
  const bool likely_first_of_2 =
      at[0] == 0xC2 || at[0] == 0xC3 || at[0] == 0xC5 || at[0] == 0xCE || at[0] == 0xD0 || at[0] == 0xD9;
  return likely_first_of_2 && at[1] == ' ' ? 2 : 0;
}

// The length of a sequence of which bytes were lost, 0 if none begins here.
std::size_t lossy_sequence(const Window& at) {
  const auto lost = [](unsigned byte) { return byte == kLost || byte == '?'; };
  const auto lost_or_continues = [&](unsigned byte) { return lost(byte) || continues(byte); };
  if (between(at[0], 0xC2, 0xDF) && at[1] == kLost) return 2;
  if (between(at[0], 0xC2, 0xC3) && at[1] == '?') return 2;
  // A pair of surrogates in CESU-8.
  if (at[0] == 0xED && between(at[1], 0xA0, 0xAF) && lost_or_continues(at[2]) && at[3] == 0xED &&
      between(at[4], 0xB0, 0xBF) && lost_or_continues(at[5]) && (lost(at[2]) || lost(at[5]))) {
    return 6;
  }
  const std::size_t length = between(at[0], 0xE0, 0xEF) ? 3 : between(at[0], 0xF0, 0xF4) ? 4 : 0;
  int lost_bytes = 0;
  int question_marks = 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!lost_or_continues(at[i])) return 0;
    lost_bytes += lost(at[i]) ? 1 : 0;
    question_marks += at[i] == '?' ? 1 : 0;
  }
  if (length > 0 && lost_bytes > 0 && question_marks <= 1) return length;
  return at[0] == kLost ? 1 : 0;
}

// ED A0..AF 80..BF ED B0..BF 80..BF
CodePoint cesu_8_pair(const Window& at) {
  const bool is_pair = at[0] == 0xED && between(at[1], 0xA0, 0xAF) && continues(at[2]) && at[3] == 0xED &&
                       between(at[4], 0xB0, 0xBF) && continues(at[5]);
  if (!is_pair) return {0, 0};
  return {0x10000 + ((at[1] & 0x0Fu) << 16 | (at[2] & 0x3Fu) << 10 | (at[4] & 0x0Fu) << 6 | (at[5] & 0x3Fu)), 6};
}

}  // namespace

std::string restore_no_break_spaces(std::string_view bytes) {
  std::string kept_apart;
  kept_apart.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    kept_apart.push_back(bytes[i]);
    if (is_a_grave_word(Window(bytes, i))) kept_apart.push_back(static_cast<char>(kNoBreakSpace));
  }

  std::string restored = std::move(kept_apart);
  for (std::size_t i = 0; i < restored.size();) {
    const std::size_t length = sequence_with_space(Window(restored, i));
    for (std::size_t k = 0; k < length; ++k) {
      if (restored[i + k] == ' ') restored[i + k] = static_cast<char>(kNoBreakSpace);
    }
    i += std::max<std::size_t>(length, 1);
  }
  return restored;
}

std::string replace_lossy_sequences(std::string_view bytes) {
  std::string replaced;
  replaced.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    if (const std::size_t length = lossy_sequence(Window(bytes, i)); length > 0) {
      append_utf8(replaced, 0xFFFD);
      i += length;
    } else {
      replaced.push_back(bytes[i++]);
    }
  }
  return replaced;
}

std::optional<std::u32string> decode_utf8_variants(std::string_view bytes) {
  std::u32string text;
  text.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const Window at(bytes, i);
    CodePoint next = code_point_at(bytes, i);
    if (next.length == 0) next = cesu_8_pair(at);
    if (next.length == 0 && at.starts_with("\xC0\x80")) next = {0, 2};
    if (next.length == 0) return std::nullopt;
    text.push_back(next.value);
    i += next.length;
  }
  return text;
}

}  // namespace mobileclip
