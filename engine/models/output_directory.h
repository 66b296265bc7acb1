// A directory that appears whole or not at all.
#pragma once

#include <filesystem>

namespace mobileclip {

/// Files are written into staging(), a directory of its own on the target's file system; commit() gives them the
/// target's name. Without commit() the destructor removes staging() and leaves the target as it was.
class OutputDirectory {
 public:
  /// Throws LoadError where the target exists and is not an empty directory (it may hold somebody's only checkpoint),
  /// std::filesystem::filesystem_error where staging() cannot be made.
  explicit OutputDirectory(const std::filesystem::path& target);
  ~OutputDirectory();
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& staging() const { return staging_; }
  /// Throws std::filesystem::filesystem_error.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path staging_;
  bool target_exists_ = false;
};

}  // namespace mobileclip
