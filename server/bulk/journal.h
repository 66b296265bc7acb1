// What of a long piece of work is done already, kept beside its output, so that a run that was interrupted, by whatever
// means, loses only what was in flight.
//
// The file: a text line, a JSON line that says what the work is, then records. A record is a head (CRC-32 of all that
// follows it, bytes of the path, the image file's size and time), the path, and float32 values. What a killed process
// or a full disk left of the last record is found by its CRC and cut off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <unordered_map>

namespace mobileclip::server {

/// By which a file that was changed is told from what it was.
struct FileVersion {
  std::int64_t bytes;
  std::int64_t modified;  ///< nanoseconds since 1970
  bool operator==(const FileVersion&) const = default;
};

/// Of the file that `path` names or links to. Throws std::system_error naming it.
FileVersion file_version(const std::filesystem::path& path);

/// One thread at a time; one process at a time, which a lock on the file sees to.
class Journal {
 public:
  /// Opens or begins the journal; what it holds is read and verified. `work` is one line that names all on which the
  /// values depend; a journal of other work is refused. Throws std::runtime_error naming the file.
  Journal(std::filesystem::path file, const std::string& work, std::size_t values);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Whether this version of the file is recorded.
  [[nodiscard]] bool has(const std::string& path, const FileVersion& version) const;
  /// In the file when it returns, though not yet on the disk.
  void append(const std::string& path, const FileVersion& version, std::span<const float> values);
  /// The values last recorded for a path that has().
  void read(const std::string& path, std::span<float> values) const;

  /// The work is done: removes the file. Nothing else may follow.
  void remove();

 private:
  struct Entry {
    FileVersion version;
    std::int64_t values_at;  ///< offset in the file
  };

  void begin(const std::string& header);
  void read_records();
  [[noreturn]] void fail(const std::string& what) const;

  std::filesystem::path file_;
  std::size_t value_bytes_;
  int descriptor_;
  std::int64_t end_ = 0;  ///< offset behind the last record
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace mobileclip::server
