#include "engine/models/output_directory.h"

#include <unistd.h>

#include <string>
#include <system_error>

#include "engine/base/error.h"

namespace mobileclip {

namespace fs = std::filesystem;

OutputDirectory::OutputDirectory(const fs::path& target)
    : target_(fs::absolute(target / "").lexically_normal().parent_path()), target_exists_(fs::exists(target_)) {
  if (target_exists_ && (!fs::is_directory(target_) || !fs::is_empty(target_))) {
    throw LoadError(target.string() + ": expected a new or an empty directory, found " +
                    (fs::is_directory(target_) ? "one with files in it" : "a file"));
  }
  const std::string suffix = ".partial-" + std::to_string(getpid());
  // An existing target may be a mount point, beside which there is nothing of its file system.
  staging_ = target_exists_ ? target_ / suffix : fs::path(target_.string() + suffix);
  fs::remove_all(staging_);  // of a killed process that had our number
  fs::create_directories(staging_);
}

OutputDirectory::~OutputDirectory() {
  std::error_code ignored;
  fs::remove_all(staging_, ignored);
}

void OutputDirectory::commit() {
  if (!target_exists_) {
    fs::rename(staging_, target_);
    return;
  }
  for (const fs::directory_entry& file : fs::directory_iterator(staging_)) {
    fs::rename(file.path(), target_ / file.path().filename());
  }
}

}  // namespace mobileclip
