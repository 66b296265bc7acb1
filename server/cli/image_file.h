// Image files, for commands that take some.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "engine/base/result.h"

namespace mobileclip::server {

/// Fails with kInvalidArgument where the file cannot be read and kImageTooLarge where it has more than `limit` bytes.
/// The message does not name the file.
Result<std::vector<std::byte>> read_image_file(const std::filesystem::path& file, std::size_t limit);

}  // namespace mobileclip::server
