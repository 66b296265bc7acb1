// From encoded bytes to 8-bit pixels as Pillow's convert("RGB") makes them, within limits.
#pragma once

#include <cstddef>
#include <span>

#include "engine/base/result.h"
#include "engine/preprocess/decoded_image.h"
#include "engine/preprocess/image_preprocessor.h"

namespace mobileclip {

/// The size is checked against the limits by the file's header, before anything is decoded and any memory taken.
/// `exif` concerns JPEG, PNG and WebP; TIFF's own orientation tag is always applied, as Pillow applies it on loading.
/// Thread-safe. Throws std::bad_alloc only.
Result<DecodedImage> decode_image(std::span<const std::byte> encoded, ExifOrientation exif, const ImageLimits& limits);

}  // namespace mobileclip
