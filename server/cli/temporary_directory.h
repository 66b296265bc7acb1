// A directory that is gone when its owner is.
#pragma once

#include <filesystem>

namespace mobileclip::server {

class TemporaryDirectory {
 public:
  /// Below the system's folder for such ($TMPDIR). Throws std::system_error.
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace mobileclip::server
