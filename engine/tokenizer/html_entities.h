// HTML character references, in the two readings that CLIP's text cleaning goes through.
#pragma once

#include <string>
#include <string_view>

namespace mobileclip {

/// Python's html.unescape(): every reference that HTML5 knows, also without its semicolon ("&ampersand" gives
/// "&ersand"), code points as browsers read them. References to nothing stay as they are.
std::u32string html_unescape(std::u32string_view text);

/// ftfy's unescape_html(): only references ended by a semicolon, and names in capitals that HTML does not have
/// ("&NTILDE;").
std::u32string unescape_unambiguous_html(std::u32string_view text);

}  // namespace mobileclip
