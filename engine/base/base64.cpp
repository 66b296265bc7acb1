#include "engine/base/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace mobileclip {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t kInvalid =
    1u << 24;  // outside the 24 bits of a quantum, so that one test covers four characters

// Each character's six bits, already shifted to where the first, second, third or fourth of a quantum puts them.
using Table = std::array<std::uint32_t, 256>;
constexpr Table make_table(int shift) {
  Table table{};
  table.fill(kInvalid);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint32_t>(i) << shift;
  }
  return table;
}
constexpr Table kFirst = make_table(18);
constexpr Table kSecond = make_table(12);
constexpr Table kThird = make_table(6);
constexpr Table kFourth = make_table(0);

std::uint32_t quantum(const unsigned char* c) { return kFirst[c[0]] | kSecond[c[1]] | kThird[c[2]] | kFourth[c[3]]; }

Error invalid(std::string what) { return {ErrorCode::kInvalidArgument, "invalid base64: " + std::move(what)}; }

Error invalid_character(std::string_view encoded, std::size_t from) {
  std::size_t at = from;
  while (at < encoded.size() && kFourth[static_cast<unsigned char>(encoded[at])] != kInvalid) ++at;
  return invalid("the character at offset " + std::to_string(at) + " is not of the standard alphabet");
}

}  // namespace

std::optional<Error> decode_base64(std::string& text, std::size_t offset) {
  const std::string_view encoded = std::string_view(text).substr(offset);
  if (encoded.size() % 4 != 0) {
    return invalid("the length " + std::to_string(encoded.size()) + " is not a multiple of 4 (padding is required)");
  }
  if (encoded.empty()) {
    text.clear();
    return std::nullopt;
  }
  const std::size_t padding = encoded.ends_with("==") ? 2 : encoded.ends_with('=') ? 1 : 0;
  const std::size_t whole = encoded.size() - (padding > 0 ? 4 : 0);

  // Four characters are read before three bytes are written, so the output never overtakes the input.
  const auto* in = reinterpret_cast<const unsigned char*>(encoded.data());
  char* out = text.data();
  for (std::size_t i = 0; i < whole; i += 4) {
    const std::uint32_t bits = quantum(in + i);
    if (bits >= kInvalid) return invalid_character(encoded, i);
    *out++ = static_cast<char>(bits >> 16);
    *out++ = static_cast<char>(bits >> 8);
    *out++ = static_cast<char>(bits);
  }
  if (padding > 0) {
    const unsigned char last[4] = {in[whole], in[whole + 1],
                                   padding == 2 ? static_cast<unsigned char>('A') : in[whole + 2], 'A'};
    const std::uint32_t bits = quantum(last);
    if (bits >= kInvalid) return invalid_character(encoded, whole);
    if ((bits & (padding == 2 ? 0xFFFFu : 0xFFu)) != 0) return invalid("bits after the last byte are set");
    *out++ = static_cast<char>(bits >> 16);
    if (padding == 1) *out++ = static_cast<char>(bits >> 8);
  }
  text.resize(static_cast<std::size_t>(out - text.data()));
  return std::nullopt;
}

std::string encode_base64(std::span<const std::byte> bytes) {
  std::string encoded((bytes.size() + 2) / 3 * 4, '=');
  char* out = encoded.data();
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < count ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0);
    for (std::size_t k = 0; k < 4; ++k) out[k] = k <= count ? kAlphabet[bits >> (18 - 6 * k) & 63] : '=';
    out += 4;
  }
  return encoded;
}

}  // namespace mobileclip
