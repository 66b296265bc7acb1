#include "engine/weights/replacement_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace mobileclip {
namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const char* what) {
  throw std::system_error(errno, std::generic_category(), file.string() + ": " + what);
}

}  // namespace

ReplacementFile::ReplacementFile(const std::filesystem::path& target)
    : target_(target), path_(target.string() + ".partial-" + std::to_string(getpid())) {
  descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(path_, "cannot be created");
}

ReplacementFile::~ReplacementFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!committed_) unlink(path_.c_str());
}

void ReplacementFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(target_, "cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void ReplacementFile::commit() {
  // Without fsync a crash could leave the new name on an empty file.
  if (fsync(descriptor_) != 0) fail(target_, "cannot be written");
  const int descriptor = std::exchange(descriptor_, -1);
  if (close(descriptor) != 0) fail(target_, "cannot be written");
  if (rename(path_.c_str(), target_.c_str()) != 0) fail(target_, "cannot be replaced");
  committed_ = true;
}

}  // namespace mobileclip
