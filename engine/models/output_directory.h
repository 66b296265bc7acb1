// A directory that appears whole or not at all.
#pragma once

#include <filesystem>

namespace mobileclip {

/// Files are written into staging(), a hidden directory of its own on the target's file system; commit() gives them the
/// target's name. Without commit() the destructor removes staging() and leaves the target as it was. What a killed
/// process left is removed by whoever next writes the same target.
class OutputDirectory {
 public:
  enum class Existing {
    kRefuse,   ///< it may hold somebody's only checkpoint
    kReplace,  ///< commit() puts the new one in its place at once, where the file system can
  };

  /// Throws LoadError where the target exists and is not a directory, or, if `existing` says so, not an empty one;
  /// std::filesystem::filesystem_error where staging() cannot be made.
  explicit OutputDirectory(const std::filesystem::path& target, Existing existing = Existing::kRefuse);
  ~OutputDirectory();
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& staging() const { return staging_; }
  /// Throws std::system_error.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path staging_;
  bool is_inside_ = false;  ///< staging_ in target_
  int lock_ = -1;           ///< held on staging_ while this lives
};

}  // namespace mobileclip
