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

class RowSink {
 public:
  virtual ~RowSink() = default;

  /// Called once, before any row, when the image's size in pixels is known. Says which part of it is wanted: not
  /// empty, and within the image.
  virtual PixelWindow begin(int width, int height, ChannelOrder order) = 0;
  /// The next row of the window. `row` is the image's column 0, `width` pixels are readable; those outside the window's
  /// columns hold anything.
  virtual void take_row(const std::uint8_t* row) = 0;
};

}  // namespace mobileclip
