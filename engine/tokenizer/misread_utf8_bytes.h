// Bytes that were UTF-8 until some program took them for something else and altered a few.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mobileclip {

/// Byte A0 of a sequence is often found turned into a space, being a no-break space in Latin-1. Turns it back where the
/// sequence then is a likely one (ftfy's restore_byte_a0).
std::string restore_no_break_spaces(std::string_view bytes);

/// Puts U+FFFD for sequences of which a byte was lost: 1A stands for such a byte, and sometimes "?" (ftfy's
/// replace_lossy_sequences).
std::string replace_lossy_sequences(std::string_view bytes);

/// Strict UTF-8, and two dialects of it: CESU-8, which writes surrogate pairs as two sequences, and Java's C0 80 for
/// U+0000 (ftfy's codec "utf-8-variants"). Nothing where the bytes are neither.
std::optional<std::u32string> decode_utf8_variants(std::string_view bytes);

}  // namespace mobileclip
