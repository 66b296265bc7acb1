#include "engine/models/model_directories.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

/// What every family's weights lie in.
bool is_weights_file(const fs::path& file) {
  constexpr std::array<std::string_view, 3> kEndings{".safetensors", ".safetensors.index.json", ".npz"};
  const std::string name = file.filename().string();
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

bool holds_weights(const fs::path& directory) {
  std::error_code unreadable;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, unreadable)) {
    if (is_weights_file(entry.path())) return true;
  }
  return false;
}

std::vector<fs::path> models_in(const fs::path& collection) {
  std::vector<fs::path> found;
  std::error_code unreadable;
  for (const fs::directory_entry& entry : fs::directory_iterator(collection, unreadable)) {
    const bool hidden = entry.path().filename().string().starts_with('.');
    if (!hidden && entry.is_directory(unreadable) && holds_weights(entry.path())) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

std::vector<fs::path> model_directories(std::span<const fs::path> paths) {
  std::vector<fs::path> directories;
  std::set<fs::path> seen;
  const auto add = [&](const fs::path& directory) {
    std::error_code absent;
    if (seen.insert(fs::weakly_canonical(directory, absent)).second) directories.push_back(directory);
  };
  for (const fs::path& path : paths) {
    const std::vector<fs::path> inside = holds_weights(path) ? std::vector<fs::path>() : models_in(path);
    if (inside.empty()) add(path);
    std::ranges::for_each(inside, add);
  }
  return directories;
}

}  // namespace mobileclip
