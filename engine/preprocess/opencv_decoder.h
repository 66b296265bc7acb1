// OpenCV as the decoder of WebP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/result.h"
#include "engine/preprocess/decoded_image.h"

namespace mobileclip {

struct ExpectedSize {
  int width;
  int height;
};

/// OpenCV refuses longer sides and more pixels by an assertion (OPENCV_IO_MAX_IMAGE_*), libpng by a longer side.
inline constexpr int kMaxCodecSide = 1'000'000;
inline constexpr std::uint64_t kMaxCodecPixels = 1u << 30;

/// 8-bit BGR, as cv::imdecode(IMREAD_COLOR | IMREAD_IGNORE_ORIENTATION) gives it. The caller has looked at the magic
/// bytes: OpenCV asks its decoders in turn and knows many more formats than may reach it; WebP's magic bytes are
/// claimed by no other of its decoders before WebP's.
///
/// Thread-safe. The first call turns OpenCV's own threads and its log off for the whole process: this library has a
/// thread a core of its own.
///
/// kInvalidImage where OpenCV fails or finds another size than expected; kUnavailable where memory runs out.
Result<DecodedImage> decode_with_opencv(std::span<const std::byte> encoded, ExpectedSize expected);

}  // namespace mobileclip
