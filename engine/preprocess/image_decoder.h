// From encoded bytes to 8-bit pixels as Pillow's convert("RGB") makes them, within limits.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "engine/base/result.h"
#include "engine/preprocess/decoded_image.h"
#include "engine/preprocess/image_preprocessor.h"
#include "engine/preprocess/row_sink.h"

namespace mobileclip {

/// The size is checked against the limits by the file's header, before anything is decoded and any memory taken.
/// `exif` concerns JPEG, PNG and WebP; TIFF's own orientation tag is always applied, as Pillow applies it on loading.
/// Thread-safe. Throws std::bad_alloc only.
Result<DecodedImage> decode_image(std::span<const std::byte> encoded, ExifOrientation exif, const ImageLimits& limits);

struct DecodeOptions {
  ExifOrientation exif;
  int jpeg_least_side;  ///< pixels down to which a JPEG's shorter side may be shrunk; 0: not at all
  const ImageLimits& limits;
};

/// The same pixels, unless a JPEG may be shrunk, handed to the sink row by row. An upright JPEG never exists as a
/// whole: only what the sink's window needs is decoded. Of other formats the sink gets its window after all has been
/// decoded. Where an error is returned, the sink may have got rows before.
std::optional<Error> decode_image_rows(std::span<const std::byte> encoded, const DecodeOptions& options, RowSink& sink);

}  // namespace mobileclip
