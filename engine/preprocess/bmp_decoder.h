// BMP pixels. Our own, because OpenCV 4.6 widens 5 and 6-bit channels by shifting (31 becomes 248, for Pillow 255),
// takes every 32-bit layout for BGRx whatever its masks say, and writes what it dislikes to stderr.
#pragma once

#include "engine/base/result.h"
#include "engine/preprocess/bmp_file.h"
#include "engine/preprocess/decoded_image.h"

namespace mobileclip {

/// kInvalidImage where the pixels end early. The caller has checked the size against its limits.
Result<DecodedImage> decode_bmp(const BmpFile& file);

}  // namespace mobileclip
