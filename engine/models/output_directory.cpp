#include "engine/models/output_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "engine/base/error.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMark = ".partial-";  // before the number of the process

/// The lock that a process holds on its staging directory and loses when it dies; -1 where it cannot be had.
int lock(const fs::path& directory) {
  const int descriptor = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0 || flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
  close(descriptor);
  return -1;
}

void remove_abandoned(const fs::path& folder, const std::string& prefix) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    const bool is_staging = name.starts_with(prefix) && name.size() > prefix.size() &&
                            std::all_of(name.begin() + static_cast<std::ptrdiff_t>(prefix.size()), name.end(),
                                        [](char c) { return c >= '0' && c <= '9'; });
    const int held = is_staging ? lock(entry.path()) : -1;
    if (held < 0) continue;
    fs::remove_all(entry.path(), ignored);
    close(held);
  }
}

/// Without it a crash of the machine could leave the new name on empty files.
void sync_to_disk(const fs::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool failed = descriptor < 0 || (fsync(descriptor) != 0 && errno != EINVAL);  // EINVAL: has no such thing
  const int error = errno;
  if (descriptor >= 0) close(descriptor);
  if (failed) throw std::system_error(error, std::generic_category(), path.string() + ": cannot be written");
}

void sync_tree(const fs::path& directory) {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory)) sync_to_disk(entry.path());
  sync_to_disk(directory);
}

/// Swaps the two in one step; by way of `old` where the file system cannot. What was `target` is then at `made`.
void exchange(const fs::path& made, const fs::path& target) {
  if (renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) return;
  if (errno != EINVAL && errno != ENOSYS) {
    throw std::system_error(errno, std::generic_category(), target.string() + ": cannot be replaced");
  }
  const fs::path old = made.string() + "-old";
  fs::rename(target, old);
  try {
    fs::rename(made, target);
  } catch (...) {
    std::error_code ignored;
    fs::rename(old, target, ignored);
    throw;
  }
  fs::rename(old, made);
}

}  // namespace

OutputDirectory::OutputDirectory(const fs::path& target, Existing existing)
    : target_(fs::absolute(target / "").lexically_normal().parent_path()) {
  const std::string beside = "." + target_.filename().string() + kMark;
  remove_abandoned(target_.parent_path(), beside);
  remove_abandoned(target_, kMark);
  const bool exists = fs::exists(target_);
  if (exists && !fs::is_directory(target_)) {
    throw LoadError(target.string() + ": expected a new or an empty directory, found a file");
  }
  // An existing target may be a mount point, beside which there is nothing of its file system.
  is_inside_ = exists && fs::is_empty(target_);
  if (exists && !is_inside_ && existing == Existing::kRefuse) {
    throw LoadError(target.string() + ": expected a new or an empty directory, found one with files in it");
  }
  const std::string number = std::to_string(getpid());
  staging_ = is_inside_ ? target_ / (kMark + number) : target_.parent_path() / (beside + number);
  fs::create_directories(staging_);
  lock_ = lock(staging_);
}

OutputDirectory::~OutputDirectory() {
  std::error_code ignored;
  fs::remove_all(staging_, ignored);
  if (lock_ >= 0) close(lock_);
}

void OutputDirectory::commit() {
  sync_tree(staging_);
  if (is_inside_) {
    for (const fs::directory_entry& file : fs::directory_iterator(staging_)) {
      fs::rename(file.path(), target_ / file.path().filename());
    }
  } else if (fs::exists(target_)) {
    exchange(staging_, target_);
  } else {
    fs::rename(staging_, target_);
  }
  sync_to_disk(is_inside_ ? target_ : target_.parent_path());
}

}  // namespace mobileclip
