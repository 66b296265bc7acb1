// The orientation tag of EXIF and TIFF: reading it from an EXIF block, and turning pixels by it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "engine/preprocess/decoded_image.h"

namespace mobileclip {

/// The tag's values (EXIF 2.32, 4.6.4 A): where the stored row 0 and column 0 belong in the upright image.
enum class Orientation {
  kUpright = 1,
  kMirrored = 2,
  kUpsideDown = 3,
  kFlipped = 4,
  kTransposed = 5,
  kTurnClockwise = 6,
  kTransversed = 7,
  kTurnCounterclockwise = 8,
};

/// kUpright for values that mean nothing, as Pillow's exif_transpose takes them.
Orientation orientation_from_tag(std::optional<std::uint64_t> tag);

/// From an EXIF block as JPEG's APP1, PNG's eXIf and WebP's EXIF chunks hold it, with or without its "Exif\0\0".
/// kUpright where the block is damaged or says nothing: a picture is worth more than its metadata.
Orientation exif_orientation(std::span<const std::byte> block);

/// Whether turning upright makes rows of the stored columns.
constexpr bool swaps_sides(Orientation orientation) { return orientation >= Orientation::kTransposed; }

/// Whether the upright image's first column is the stored image's last column or row.
constexpr bool reverses_columns(Orientation orientation) {
  return orientation == Orientation::kMirrored || orientation == Orientation::kUpsideDown ||
         orientation == Orientation::kTurnClockwise || orientation == Orientation::kTransversed;
}

/// The same of the upright image's first row.
constexpr bool reverses_rows(Orientation orientation) {
  return orientation == Orientation::kUpsideDown || orientation == Orientation::kFlipped ||
         orientation == Orientation::kTransversed || orientation == Orientation::kTurnCounterclockwise;
}

/// The image turned upright, in memory of its own; as it is where it is upright already.
DecodedImage apply_orientation(DecodedImage image, Orientation orientation);

}  // namespace mobileclip
