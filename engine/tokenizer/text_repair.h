// What the text that CLIP was trained on went through before anything else: ftfy.fix_text() of ftfy 6.3 with its
// default settings. docs/tokenizer.md says what is the same and what is not.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mobileclip {

/// ftfy repeats its passes over a line until nothing changes. Lines for which that takes more than this many code
/// points of work (they have been written for the purpose) keep what has been reached.
inline constexpr std::size_t kRepairBudget = std::size_t{8} << 20;

/// Line by line: HTML references (until a "<" makes the text look like HTML), misread UTF-8, C1 controls, Latin
/// ligatures, character width, quotation marks, line breaks, terminal escapes, control characters, NFC. Thread-safe.
std::u32string repair_text(std::u32string_view text);

}  // namespace mobileclip
