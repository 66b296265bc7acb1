// JPEG pixels, by libjpeg-turbo: what OpenCV, which decodes with the same library, makes of them, in less time.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "engine/base/error.h"
#include "engine/preprocess/jpeg_file.h"
#include "engine/preprocess/row_sink.h"

namespace mobileclip {

/// A JPEG's size whole; fewer are what libjpeg makes of its blocks of 8x8 coefficients by a smaller DCT.
inline constexpr int kAllEighths = 8;

/// The fewest eighths of its size that leave the file's shorter side `least_side` pixels long or longer, where that is
/// shorter and worth while; else kAllEighths. `least_side` 0: kAllEighths.
int fewest_eighths(const JpegFile& file, int least_side);

/// Hands the sink's window to it as RGB, a row as soon as it is decoded: exact integer DCT, smooth chroma upsampling.
/// Holds a row at a time of baseline files; of those in several scans the coefficients, 2 bytes a sample, 8 bytes a
/// pixel at most. What lies below the window is not decoded, nor looked at for damage: `file` is what parse_jpeg says
/// of `encoded`, and the caller has checked its size, its scans and that it is complete.
///
/// Thread-safe, silent. Errors as JpegHandle::error(); the sink may have got rows by then.
/// With `eighths` below kAllEighths the sink is given an image of so many eighths of the size, rounded up.
std::optional<Error> decode_jpeg(std::span<const std::byte> encoded, const JpegFile& file, int eighths, RowSink& sink);

}  // namespace mobileclip
