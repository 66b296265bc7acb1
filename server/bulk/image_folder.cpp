#include "server/bulk/image_folder.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace mobileclip::server {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 10> kEndings = {".jpg",  ".jpeg", ".jpe", ".jfif", ".png",
                                                       ".webp", ".bmp",  ".dib", ".tif",  ".tiff"};

bool is_image_name(const std::string& name) {
  std::string ending = fs::path(name).extension().string();
  for (char& c : ending) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

/// `below` is the folder's path relative to the one that was asked for: empty or ending in '/'.
void list(const fs::path& folder, const std::string& below, ImageFolder& found) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    std::error_code status_error;
    const bool is_link = entries->is_symlink(status_error);
    const fs::file_status target = entries->status(status_error);
    if (name.starts_with('.')) {
      if (!fs::is_directory(target)) ++found.other_files;
    } else if (fs::is_directory(target)) {
      if (is_link) {
        ++found.folder_links;
      } else {
        list(entries->path(), below + name + "/", found);
      }
    } else if (!is_image_name(name)) {
      ++found.other_files;
    } else if (fs::is_regular_file(target)) {
      found.images.push_back(below + name);
    } else {
      const bool is_special = !status_error && fs::exists(target);
      found.unreadable.emplace_back(below + name, is_special     ? "is no regular file"
                                                  : status_error ? status_error.message()
                                                                 : "links to a file that is not there");
    }
  }
  if (!error) return;
  if (below.empty()) throw std::runtime_error(folder.string() + ": cannot be read: " + error.message());
  found.unreadable.emplace_back(below, "cannot be read: " + error.message());
}

}  // namespace

ImageFolder list_images(const fs::path& folder) {
  ImageFolder found;
  list(folder, "", found);
  std::ranges::sort(found.images);
  std::ranges::sort(found.unreadable);
  return found;
}

std::string image_endings() {
  std::string text;
  for (const std::string_view ending : kEndings) (text += text.empty() ? "" : ", ") += ending;
  return text;
}

}  // namespace mobileclip::server
