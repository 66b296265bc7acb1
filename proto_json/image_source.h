// An image as JSON carries it: base64, or a data URI (RFC 2397) that holds base64.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/runtime/engine.h"

namespace mobileclip::proto {

/// The result owns its bytes, decoded into `text`'s own buffer. kInvalidArgument says what is wrong with the text;
/// whether the bytes are an image is for the engine to say.
Result<ImageBytes> image_from_text(std::string text);

/// Image bytes that keep `bytes` alive.
ImageBytes own_bytes(std::string bytes);

}  // namespace mobileclip::proto
