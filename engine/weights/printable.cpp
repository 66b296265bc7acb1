#include "engine/weights/printable.h"

namespace mobileclip {

std::string printable(std::string_view name) {
  constexpr std::size_t kLimit = 120;
  constexpr char kHex[] = "0123456789abcdef";
  std::size_t end = name.size();
  if (end > kLimit) {  // not inside a UTF-8 sequence
    end = kLimit;
    while (end > kLimit - 4 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
  }
  std::string text = "'";
  for (const char c : name.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      text += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      text += c;
    }
  }
  if (end < name.size()) text += "… (" + std::to_string(name.size()) + " bytes)";
  return text + "'";
}

}  // namespace mobileclip
