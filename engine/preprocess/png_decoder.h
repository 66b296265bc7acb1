// PNG through libpng: silent, and its fatal errors as return values.
#pragma once

#include "engine/base/result.h"
#include "engine/preprocess/decoded_image.h"
#include "engine/preprocess/png_file.h"

namespace mobileclip {

/// 8-bit RGB: grey and palette expanded, the upper byte of 16-bit samples, alpha dropped. Thread-safe. kInvalidImage
/// where the data are damaged, kUnavailable where memory runs out.
Result<DecodedImage> decode_png(const PngFile& file);

}  // namespace mobileclip
