// Classes of the characters that text misread from UTF-8 is made of.
#pragma once

#include <cstdint>

namespace mobileclip {

/// Bits of a set of classes. Most names are those of ftfy's badness.py (MOJIBAKE_CATEGORIES) and chardata.py
/// (UTF8_CLUES).
namespace mojibake_class {
enum Bit : std::uint32_t {
  kNone = 0,
  kCommon = 1u << 0,  ///< no evidence of anything
  kC1 = 1u << 1,      ///< C1 controls
  kBad = 1u << 2,     ///< hardly ever written on purpose
  kLaw = 1u << 3,     ///< pilcrow, section sign
  kCurrency = 1u << 4,
  kStart = 1u << 5,  ///< punctuation that opens
  kEnd = 1u << 6,    ///< punctuation that closes
  kNumeric = 1u << 7,
  kKaomoji = 1u << 8,  ///< may be part of a face
  kUpperAccented = 1u << 9,
  kLowerAccented = 1u << 10,
  kUpperCommon = 1u << 11,  ///< Greek, Cyrillic
  kLowerCommon = 1u << 12,
  kBox = 1u << 13,
  kAsciiUpper = 1u << 14,
  kAsciiLower = 1u << 15,

  // What a character may have been as a byte of UTF-8, in any of the Latin-1-like encodings.
  kFirstOf2 = 1u << 20,            ///< 0xC2 to 0xDF
  kFirstOf3 = 1u << 21,            ///< 0xE0 to 0xEF
  kFirstOf4 = 1u << 22,            ///< 0xF0 or 0xF3: others begin unassigned code points only
  kContinuation = 1u << 23,        ///< 0x80 to 0xBF, or a space that was a no-break space
  kContinuationStrict = 1u << 24,  ///< the same less spaces, dashes, bullets, ellipses and quotation marks
};
}  // namespace mojibake_class

/// The classes of `c`, or-ed. Constant time; thread-safe.
std::uint32_t mojibake_classes(char32_t c);

}  // namespace mobileclip
