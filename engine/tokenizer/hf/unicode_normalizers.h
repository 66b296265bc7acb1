// Unicode's normalisation forms and the like on text that keeps to where it comes from.
#pragma once

#include "engine/tokenizer/hf/aligned_text.h"
#include "engine/tokenizer/unicode.h"

namespace mobileclip::hf {

/// What cannot be told apart any more (a composed character, decomposed ones) comes from all of the characters that
/// went into it. Characters that Unicode 11 lacks stay as they are (characters.h).
void normalize(UnicodeForm form, AlignedText& text);

void lower(AlignedText& text);  ///< character by character

void remove_if(AlignedText& text, bool (*unwanted)(char32_t));

/// White space off the ends.
void strip(AlignedText& text, bool left, bool right);

}  // namespace mobileclip::hf
