// How decoders hand over pixels without ever holding all of them: rows, top to bottom, of the part that is wanted.
#pragma once

#include <cstdint>

#include "engine/preprocess/decoded_image.h"

namespace mobileclip {

/// The columns [first_column, end_column) of the rows [first_row, end_row).
struct PixelWindow {
  int first_column;
  int end_column;
  int first_row;
  int end_row;
};

/// One direction of what a decoder delivers. JPEG's may have shrunk it by a whole number of eighths; libjpeg rounds up,
/// so that the last pixel, or where the image was turned the first, may lie partly beyond the picture.
struct SourceSide {
  int pixels;
  int full = pixels;  ///< pixels before shrinking
  double begin = 0;   ///< of the picture, in pixels delivered
  double length = pixels;
};

struct SourceImage {
  SourceSide width;
  SourceSide height;
  ChannelOrder order;
};

class RowSink {
 public:
  virtual ~RowSink() = default;

  /// Called once, before any row, when the image's size is known. Says which part of what is delivered is wanted: not
  /// empty, and within it.
  virtual PixelWindow begin(const SourceImage& source) = 0;
  /// The next row of the window. `row` is the image's column 0, `width` pixels are readable; those outside the window's
  /// columns hold anything.
  virtual void take_row(const std::uint8_t* row) = 0;
};

}  // namespace mobileclip
