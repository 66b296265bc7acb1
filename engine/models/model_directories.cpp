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

/// What every family's weights lie in, and sentence-transformers' list of modules, whose weights may lie deeper.
bool belongs_to_model(const fs::path& file) {
  constexpr std::array<std::string_view, 3> kEndings{".safetensors", ".safetensors.index.json", ".npz"};
  const std::string name = file.filename().string();
  return name == "modules.json" ||
         std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

std::vector<fs::path> models_in(const fs::path& collection) {
  std::vector<fs::path> found;
  std::error_code unreadable;
  for (const fs::directory_entry& entry : fs::directory_iterator(collection, unreadable)) {
    const bool hidden = entry.path().filename().string().starts_with('.');
    if (!hidden && entry.is_directory(unreadable) && holds_model(entry.path())) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

bool holds_model(const fs::path& directory) {
  std::error_code unreadable;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, unreadable)) {
    if (belongs_to_model(entry.path())) return true;
  }
  return false;
}

std::vector<fs::path> model_directories(std::span<const fs::path> paths) {
  std::vector<fs::path> directories;
  std::set<fs::path> seen;
  const auto add = [&](const fs::path& directory) {
    std::error_code absent;
    if (seen.insert(fs::weakly_canonical(directory, absent)).second) directories.push_back(directory);
  };
  for (const fs::path& path : paths) {
    const std::vector<fs::path> inside = holds_model(path) ? std::vector<fs::path>() : models_in(path);
    if (inside.empty()) add(path);
    std::ranges::for_each(inside, add);
  }
  return directories;
}

}  // namespace mobileclip
