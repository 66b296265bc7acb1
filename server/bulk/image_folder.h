// The images of a folder and of those below it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace mobileclip::server {

struct ImageFolder {
  /// Paths below the folder, bytes as the file system has them, '/' between names, sorted by their bytes.
  std::vector<std::string> images;
  std::size_t other_files = 0;                                  ///< with no image's ending, or hidden
  std::size_t folder_links = 0;                                 ///< not followed
  std::vector<std::pair<std::string, std::string>> unreadable;  ///< folders and links to nowhere, and why
};

/// Images are files whose name ends, in any case, as JPEG, PNG, WebP, BMP and TIFF files do; links to such files are
/// images, too. Names that begin with a dot are left out, and links to folders are not followed, so that it ends.
/// Throws std::runtime_error where `folder` itself cannot be read.
ImageFolder list_images(const std::filesystem::path& folder);

/// ".jpg, .jpeg, …", for messages.
std::string image_endings();

}  // namespace mobileclip::server
