// JPEG files of the kinds that OpenCV's encoder does not write.
#pragma once

#include <vector>

#include "tests/unit/engine/preprocess/encoded_images.h"

namespace mobileclip::testing {

enum class JpegColor { kGrey, kYcc, kInks, kTwoComponents };
enum class JpegScans {
  kOne,
  kOneAComponent,  ///< sequential
  kProgressive,
  kProgressiveDcOnly,  ///< the AC coefficients never come, so that libjpeg smooths the blocks
};

struct JpegOptions {
  JpegColor color = JpegColor::kYcc;
  int horizontal_sampling = 1;  ///< of luma, where chroma's is 1
  int vertical_sampling = 1;
  JpegScans scans = JpegScans::kOne;
  unsigned restart_interval = 0;  ///< MCUs
  int quality = 85;
};

/// Of noise that depends on `seed` alone.
Bytes noise_jpeg(int width, int height, const JpegOptions& options, std::uint32_t seed = 1);

/// One of each kind: colours, samplings, scans, restarts.
std::vector<JpegOptions> every_kind_of_jpeg();

}  // namespace mobileclip::testing
