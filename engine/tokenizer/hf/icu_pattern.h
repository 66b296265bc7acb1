// Regular expressions of tokenizer.json, which Oniguruma reads there, as ICU reads them.
#pragma once

#include <string>
#include <string_view>

namespace mobileclip::hf {

/// The pattern in ICU's spelling; both take and give UTF-8. X+ becomes XX*, X{2,} becomes X{2}X*, where X is a set of
/// characters: ICU remembers every repetition of the former, and runs out of memory for that on long texts, but not
/// those of X*. What is no regular expression stays none.
std::string icu_pattern(std::string_view oniguruma);

}  // namespace mobileclip::hf
