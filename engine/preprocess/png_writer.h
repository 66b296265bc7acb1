// Writes pixels to a PNG file, for people to look at what the model sees.
#pragma once

#include <filesystem>

#include "engine/preprocess/image_preprocessor.h"

namespace mobileclip {

/// Replaces a file that exists. Throws std::runtime_error naming the path.
void write_png(const std::filesystem::path& path, const RgbImage& image);

}  // namespace mobileclip
