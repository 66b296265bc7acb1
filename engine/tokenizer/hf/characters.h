// Questions about characters as Hugging Face's tokenizers answer them. Its parts know Unicode as of different years;
// docs/tokenizer.md says how that was found. Thread-safe, constant time.
#pragma once

#include <string>

namespace mobileclip::hf {

bool is_white_space(char32_t c);  ///< Rust's char::is_whitespace, and \s of its patterns
bool is_word(char32_t c);         ///< \w
bool is_numeric(char32_t c);      ///< Rust's char::is_numeric: general category N*

// Of Unicode 8: newer characters are none of these.
bool is_punctuation(char32_t c);      ///< ASCII's, or general category P*
bool is_nonspacing_mark(char32_t c);  ///< Mn
bool is_control(char32_t c);          ///< Cc, Cf or Co, but for tab, line feed and carriage return

bool is_combining_mark(char32_t c);  ///< M*, of Unicode 9

/// Whether Unicode 11 has it, as of which normalisation is.
bool is_normalizable(char32_t c);

/// Ideographs that BERT's normaliser sets apart: blocks, not scripts.
bool is_cjk_ideograph(char32_t c);

/// Rust's char::to_lowercase, which looks at one character at a time: no final sigma.
void append_lower(std::u32string& out, char32_t c);

}  // namespace mobileclip::hf
