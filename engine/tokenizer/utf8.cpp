#include "engine/tokenizer/utf8.h"

namespace mobileclip {
namespace {

constexpr CodePoint kInvalid{0, 0};

}  // namespace

CodePoint code_point_at(std::string_view utf8, std::size_t offset) noexcept {
  const auto byte = [&](std::size_t i) -> unsigned { return static_cast<unsigned char>(utf8[offset + i]); };
  const std::size_t left = utf8.size() - offset;
  const auto continues = [&](std::size_t i) { return i < left && (byte(i) & 0xC0) == 0x80; };

  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4 || !continues(1)) return kInvalid;
  if (lead < 0xE0) return {(lead & 0x1Fu) << 6 | (byte(1) & 0x3Fu), 2};
  if (!continues(2)) return kInvalid;
  if (lead < 0xF0) {
    const char32_t value = (lead & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    return value < 0x800 || surrogate ? kInvalid : CodePoint{value, 3};
  }
  if (!continues(3)) return kInvalid;
  const char32_t value = (lead & 0x07u) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3Fu);
  return value < 0x10000 || value > 0x10FFFF ? kInvalid : CodePoint{value, 4};
}

DecodedUtf8 decode_utf8(std::string_view utf8) {
  DecodedUtf8 decoded{{}, 0};
  decoded.text.reserve(utf8.size());
  while (decoded.valid_bytes < utf8.size()) {
    const CodePoint next = code_point_at(utf8, decoded.valid_bytes);
    if (next.length == 0) break;
    decoded.text.push_back(next.value);
    decoded.valid_bytes += next.length;
  }
  return decoded;
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

std::string encode_utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t c : text) append_utf8(out, c);
  return out;
}

}  // namespace mobileclip
