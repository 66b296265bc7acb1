#include "server/bulk/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace mobileclip::server {
namespace {

constexpr std::string_view kMagic = "mobileclip-server embed journal, version 1\n";
constexpr std::uint32_t kLongestPath = 1 << 16;

struct RecordHead {
  std::uint32_t crc;
  std::uint32_t path_bytes;
  FileVersion version;
};

std::uint32_t crc_of(std::string_view record) {
  record.remove_prefix(sizeof(RecordHead::crc));
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(record.data()), static_cast<uInt>(record.size())));
}

/// As many bytes as are there.
std::string read_at(int descriptor, std::int64_t offset, std::size_t bytes) {
  std::string text(bytes, '\0');
  std::size_t got = 0;
  while (got < bytes) {
    const ssize_t n = pread(descriptor, text.data() + got, bytes - got, offset + static_cast<std::int64_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  text.resize(got);
  return text;
}

bool write_at(int descriptor, std::int64_t offset, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = pwrite(descriptor, text.data(), text.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
    offset += n;
  }
  return true;
}

}  // namespace

FileVersion file_version(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0)
    throw std::system_error(errno, std::generic_category(), path.string() + ": cannot be read");
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return {.bytes = status.st_size, .modified = status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec};
}

Journal::Journal(std::filesystem::path file, const std::string& work, std::size_t values)
    : file_(std::move(file)),
      value_bytes_(values * sizeof(float)),
      descriptor_(open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) fail(std::string("cannot be opened: ") + std::strerror(errno));
  try {
    if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) fail("another process is at work on the same output");
    begin(std::string(kMagic) + work + "\n");
    read_records();
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

Journal::~Journal() { close(descriptor_); }

void Journal::fail(const std::string& what) const { throw std::runtime_error(file_.string() + ": " + what); }

void Journal::begin(const std::string& header) {
  end_ = static_cast<std::int64_t>(header.size());
  const std::string found = read_at(descriptor_, 0, header.size());
  if (found == header) return;
  if (header.starts_with(found)) {  // empty, or all that a killed process wrote
    if (!write_at(descriptor_, 0, header)) fail(std::string("cannot be written: ") + std::strerror(errno));
    return;
  }
  if (!found.starts_with(kMagic)) fail("expected a journal of an interrupted run, found something else");
  const std::string line = read_at(descriptor_, static_cast<std::int64_t>(kMagic.size()), kLongestPath);
  fail("holds an interrupted run of other work; remove it to start anew. Expected " +
       header.substr(kMagic.size(), header.size() - kMagic.size() - 1) + ", found " + line.substr(0, line.find('\n')));
}

void Journal::read_records() {
  while (true) {
    const std::string head_bytes = read_at(descriptor_, end_, sizeof(RecordHead));
    if (head_bytes.size() < sizeof(RecordHead)) break;
    RecordHead head{};
    std::memcpy(&head, head_bytes.data(), sizeof head);
    if (head.path_bytes > kLongestPath) break;
    const std::size_t size = sizeof head + head.path_bytes + value_bytes_;
    const std::string record = read_at(descriptor_, end_, size);
    if (record.size() < size || crc_of(record) != head.crc) break;
    const auto values_at = end_ + static_cast<std::int64_t>(sizeof head + head.path_bytes);
    entries_.insert_or_assign(record.substr(sizeof head, head.path_bytes), Entry{head.version, values_at});
    end_ += static_cast<std::int64_t>(size);
  }
  if (ftruncate(descriptor_, end_) != 0) fail(std::string("cannot be written: ") + std::strerror(errno));
}

bool Journal::has(const std::string& path, const FileVersion& version) const {
  const auto found = entries_.find(path);
  return found != entries_.end() && found->second.version == version;
}

void Journal::append(const std::string& path, const FileVersion& version, std::span<const float> values) {
  RecordHead head{.crc = 0, .path_bytes = static_cast<std::uint32_t>(path.size()), .version = version};
  std::string record(sizeof head + path.size() + value_bytes_, '\0');
  std::memcpy(record.data(), &head, sizeof head);
  std::memcpy(record.data() + sizeof head, path.data(), path.size());
  std::memcpy(record.data() + sizeof head + path.size(), values.data(), value_bytes_);
  head.crc = crc_of(record);
  std::memcpy(record.data(), &head.crc, sizeof head.crc);
  if (!write_at(descriptor_, end_, record)) fail(std::string("cannot be written: ") + std::strerror(errno));
  entries_.insert_or_assign(path, Entry{version, end_ + static_cast<std::int64_t>(sizeof head + path.size())});
  end_ += static_cast<std::int64_t>(record.size());
}

void Journal::read(const std::string& path, std::span<float> values) const {
  const std::string bytes = read_at(descriptor_, entries_.at(path).values_at, value_bytes_);
  if (bytes.size() < value_bytes_) fail("cannot be read, or was cut by another process");
  std::memcpy(values.data(), bytes.data(), value_bytes_);
}

void Journal::remove() { std::filesystem::remove(file_); }

}  // namespace mobileclip::server
