// Whether text looks like mojibake.
#pragma once

#include <string_view>

namespace mobileclip {

/// ftfy.badness.is_bad(): whether characters stand together that hardly anybody would write side by side. Linear;
/// thread-safe.
bool looks_misread(std::u32string_view text);

}  // namespace mobileclip
