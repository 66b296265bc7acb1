// Base64 as RFC 4648 section 4 defines it. Decoded in place: an image that arrives as text is large.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace mobileclip {

/// Replaces `text` by the bytes that text[offset..] stands for. Strict: padding is required, white space and unused
/// bits that are set are refused. On failure (kInvalidArgument, naming the offset) `text` is left in an unspecified
/// state.
std::optional<Error> decode_base64(std::string& text, std::size_t offset = 0);

/// With padding, without line breaks.
std::string encode_base64(std::span<const std::byte> bytes);

}  // namespace mobileclip
