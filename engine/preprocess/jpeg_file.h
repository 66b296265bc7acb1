// The marker structure of a JPEG file (ITU-T T.81 annex B): size, scans, completeness and EXIF, without decoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/result.h"
#include "engine/preprocess/orientation.h"

namespace mobileclip {

struct JpegFile {
  std::uint32_t width;
  std::uint32_t height;
  int scans = 0;          ///< SOS markers, in all of the file
  bool complete = false;  ///< the end-of-image marker was reached
  Orientation orientation = Orientation::kUpright;
};

/// kInvalidImage where there is no frame header.
Result<JpegFile> parse_jpeg(std::span<const std::byte> encoded);

}  // namespace mobileclip
