#include "engine/tokenizer/mojibake_characters.h"

#include <array>
#include <initializer_list>
#include <string_view>

#include "engine/tokenizer/single_byte_encodings.h"

namespace mobileclip {
namespace {

using namespace mojibake_class;

// All characters with a class lie below this, but for the four that `mojibake_classes` names.
constexpr char32_t kTableSize = 0x2600;

struct Range {
  char32_t first, last;
};

class ClassTable {
 public:
  ClassTable() {
    add_editorial_classes();
    add_utf8_classes();
  }

  [[nodiscard]] std::uint32_t operator[](char32_t c) const { return classes_[c]; }

 private:
  void add(Bit added, std::initializer_list<Range> ranges) {
    for (const Range& range : ranges) {
      for (char32_t c = range.first; c <= range.last; ++c) classes_[c] |= added;
    }
  }
  void add(Bit added, std::u32string_view characters) {
    for (const char32_t c : characters) classes_[c] |= added;
  }

  // Which character looks how suspicious is ftfy's experience (Robyn Speer, Apache-2.0; badness.py of 6.3).
  void add_editorial_classes() {
    add(kCommon, U"\u00A0\u00AD·´–—―…’");
    add(kC1, {{0x80, 0x9F}});
    add(kBad, U"¦¤¨¬¯¸ƒˆˇ˘˛˜†‡‰⌐◊ªº");
    add(kLaw, U"¶§");
    add(kCurrency, U"¢£¥₧€");
    add(kStart, U"¡«¿©΄΅‘‚“„•‹");
    add(kEnd, U"®»˝”›™");
    add(kNumeric, U"²³¹±¼½¾×µ÷⁄∂∆∏∑√∞∩∫≈≠≡≤≥№");
    add(kKaomoji, {{U'Ò', U'Ö'}, {U'Ù', U'Ü'}, {U'ò', U'ö'}, {U'ø', U'ü'}});
    add(kKaomoji, U"ŐŌŪŲ°");
    add(kUpperAccented, {{U'À', U'Ñ'}});
    add(kUpperAccented, U"ØÜÝĂĀĄĆČĎĐĘĚĒĖĞĢİĪĶĹĽŁĻŃŇŅŒŘŚŞŠŢŤŮŰŸŹŻŽҐ");
    add(kLowerAccented, {{U'à', U'ñ'}});
    add(kLowerAccented, U"ßăąāćčďđęěēėğģįīķĺľłļœŕśşšťüźżžґ");
    add(kUpperCommon, {{0x0391, 0x03A9}, {0x0401, 0x042F}});  // Α to Ω, Ё to Я
    add(kUpperCommon, U"ÞΆΈΉΊΌΎΏΪΫ");
    add(kLowerCommon, {{0x03B1, 0x03C9}, {0x0430, 0x045F}});  // α to ω, а to џ
    add(kLowerCommon, U"άέήίΰ");
    add(kBox, {{0x2550, 0x256C}});  // ═ to ╬
    add(kBox, U"│┌┐┘├┤┬┼▀▄█▌▐░▒▓");
    add(kAsciiUpper, {{U'A', U'Z'}});
    add(kAsciiLower, {{U'a', U'z'}});
  }

  void add_utf8_classes() {
    for (const std::string_view name :
         {"latin-1", "windows-1252", "windows-1251", "windows-1250", "windows-1253", "windows-1254", "windows-1257"}) {
      const SingleByteEncoding& encoding = single_byte_encoding(name);
      const auto add_bytes = [&](std::uint32_t added, unsigned first, unsigned last) {
        for (unsigned byte = first; byte <= last; ++byte) {
          classes_[encoding.decode(static_cast<unsigned char>(byte))] |= added;
        }
      };
      add_bytes(kContinuation | kContinuationStrict, 0x80, 0xBF);
      add_bytes(kFirstOf2, 0xC2, 0xDF);
      add_bytes(kFirstOf3, 0xE0, 0xEF);
      add_bytes(kFirstOf4, 0xF0, 0xF0);
      add_bytes(kFirstOf4, 0xF3, 0xF3);
    }
    add(kContinuation, U" ");
    for (const char32_t c : std::u32string_view(U"–—―‘’‚“”„•…")) {
      classes_[c] &= ~static_cast<std::uint32_t>(kContinuationStrict);
    }
  }

  std::array<std::uint32_t, kTableSize> classes_{};
};

}  // namespace

std::uint32_t mojibake_classes(char32_t c) {
  static const ClassTable kTable;
  if (c < kTableSize) return kTable[c];
  switch (c) {
    case 0xFFFD:
      return kBad;
    case 0xF8FF:
      return kStart;  // Apple's logo
    case 0xFB01:      // ﬁ
    case 0xFB02:
      return kLowerAccented;
    default:
      return kNone;
  }
}

}  // namespace mobileclip
