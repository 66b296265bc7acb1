// The ways an image is refused, so that every parser words its reasons alike.
#pragma once

#include <string>
#include <utility>

#include "engine/base/error.h"

namespace mobileclip {

inline Error unsupported_image(std::string why) { return {ErrorCode::kUnsupportedImage, std::move(why)}; }
inline Error invalid_image(std::string why) { return {ErrorCode::kInvalidImage, std::move(why)}; }
inline Error image_too_large(std::string why) { return {ErrorCode::kImageTooLarge, std::move(why)}; }
inline Error out_of_memory() { return {ErrorCode::kUnavailable, "not enough memory to decode the image"}; }

}  // namespace mobileclip
