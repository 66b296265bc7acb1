// Mojibake: text in UTF-8 that somebody read in another encoding ("schÃ¶n" for "schön"). The rules are those of
// ftfy 6.3 (Robyn Speer, https://github.com/rspeer/python-ftfy: ftfy/__init__.py, badness.py, chardata.py, fixes.py),
// which CLIP's texts were cleaned with; the code is our own.
#pragma once

#include <string>

#include "engine/tokenizer/work_budget.h"

namespace mobileclip {

/// ftfy.fix_encoding(): undoes misreadings, nested ones too, as long as the text looks misread (looks_misread.h).
/// Returns what has been reached when the budget runs out. Thread-safe.
std::u32string repair_misread_utf8(std::u32string text, WorkBudget& budget);

}  // namespace mobileclip
