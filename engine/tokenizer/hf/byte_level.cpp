#include "engine/tokenizer/hf/byte_level.h"

#include <array>
#include <string>
#include <utility>

#include "engine/tokenizer/byte_symbols.h"
#include "engine/tokenizer/hf/characters.h"
#include "engine/tokenizer/hf/cut_text.h"
#include "engine/tokenizer/unicode.h"
#include "engine/tokenizer/utf8.h"

namespace mobileclip::hf {
namespace {

constexpr std::array<char32_t, 256> kSymbolOfByte = [] {
  std::array<char32_t, 256> symbols{};
  for (const ByteSymbol& entry : byte_symbols()) symbols[entry.byte] = entry.symbol;
  return symbols;
}();

enum class Class { kSpace, kLetter, kNumber, kOther };

Class class_of(char32_t c) {
  if (is_white_space(c)) return Class::kSpace;
  if (is_letter(c)) return Class::kLetter;
  return is_number(c) ? Class::kNumber : Class::kOther;
}

void to_symbols(CutText& text) {
  CutText bytes;
  bytes.aligned.reserve(text.aligned.size());
  bytes.pieces.reserve(text.pieces.size());
  std::string utf8;
  for (const Piece& piece : text.pieces) {
    const std::size_t begin = bytes.aligned.size();
    for (std::size_t i = piece.begin; i < piece.end; ++i) {
      utf8.clear();
      append_utf8(utf8, text.aligned.text[i]);
      for (const char byte : utf8) {
        bytes.aligned.push_back(kSymbolOfByte[static_cast<unsigned char>(byte)], text.aligned.sources[i]);
      }
    }
    bytes.pieces.push_back({begin, bytes.aligned.size()});
  }
  text = std::move(bytes);
}

}  // namespace

std::size_t gpt2_piece_length(std::u32string_view text) {
  constexpr std::array<std::u32string_view, 7> kContractions{U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"};
  if (text.front() == U'\'') {
    for (const std::u32string_view contraction : kContractions) {
      if (text.starts_with(contraction)) return contraction.size();
    }
  }
  const bool leading_space = text.front() == U' ' && text.size() > 1 && !is_white_space(text[1]);
  std::size_t end = leading_space ? 1 : 0;
  const Class kind = class_of(text[end]);
  while (end < text.size() && class_of(text[end]) == kind) ++end;
  // The last of several spaces goes with the word that follows.
  if (kind == Class::kSpace && end < text.size() && end > 1) --end;
  return end;
}

ByteLevel::ByteLevel(const JsonNode& json)
    : add_prefix_space_(json.boolean_or("add_prefix_space", true)), use_regex_(json.boolean_or("use_regex", true)) {}

void ByteLevel::apply(CutText& text) const {
  if (add_prefix_space_) {
    prefix_pieces(text, U' ', [&](const Piece& piece) { return text.aligned.text[piece.begin] != U' '; });
  }
  if (use_regex_) {
    split(text, SplitBehavior::kIsolated, [](std::u32string_view piece, std::vector<Stretch>& stretches) {
      for (std::size_t begin = 0; begin < piece.size(); begin = stretches.back().end) {
        stretches.push_back({begin, begin + gpt2_piece_length(piece.substr(begin)), true});
      }
    });
  }
  to_symbols(text);
}

}  // namespace mobileclip::hf
