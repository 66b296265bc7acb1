// Which format the bytes are, by their first ones, and whether an image of a size is accepted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "engine/base/result.h"
#include "engine/preprocess/image_preprocessor.h"

namespace mobileclip {

/// nullopt for every other format.
std::optional<ImageFormat> sniff_image_format(std::span<const std::byte> encoded);

/// The refusal for a format that is none of ours, naming those that are.
Error unknown_format_error();

/// kInvalidImage for an empty image; kImageTooLarge beyond the limits, or beyond what the codecs can take.
std::optional<Error> check_size(std::uint64_t width, std::uint64_t height, const ImageLimits& limits);

}  // namespace mobileclip
