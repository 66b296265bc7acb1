// A text as somebody sent it.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace mobileclip {

/// The code points of a text. Fails with kInvalidText where `utf8` is not UTF-8 (overlong forms and surrogates are
/// not), naming the offset, and with kInvalidArgument where it has more than 256 MiB.
Result<std::u32string> decode_text(std::string_view utf8);

}  // namespace mobileclip
