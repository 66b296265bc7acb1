#include "server/http/unix_socket_file.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace mobileclip::server {

namespace fs = std::filesystem;
using boost::asio::local::stream_protocol;

namespace {

std::runtime_error cannot_listen(const fs::path& path, const std::string& reason) {
  return std::runtime_error("cannot listen on unix:" + path.string() + ": " + reason);
}

bool answers(const fs::path& path) {
  boost::asio::io_context io;
  stream_protocol::socket socket(io);
  boost::system::error_code error;
  socket.connect(stream_protocol::endpoint(path.string()), error);
  return !error;
}

}  // namespace

UnixSocketFile::UnixSocketFile(fs::path path)
    : path_(std::move(path)), unpublished_(path_.string() + "." + std::to_string(::getpid())) {
  constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  if (unpublished_.string().size() > kLongest) {
    const std::size_t longest = kLongest - (unpublished_.string().size() - path_.string().size());
    throw cannot_listen(path_, "expected a path of at most " + std::to_string(longest) + " bytes");
  }
  refuse_unless_free();
  std::error_code ignored;
  fs::remove(unpublished_, ignored);  // of a process that had our number
}

UnixSocketFile::~UnixSocketFile() {
  std::error_code ignored;
  fs::remove(unpublished_, ignored);
  struct stat found {};
  if (inode_ != 0 && ::lstat(path_.c_str(), &found) == 0 && found.st_ino == inode_) fs::remove(path_, ignored);
}

stream_protocol::endpoint UnixSocketFile::endpoint() const { return unpublished_.string(); }

void UnixSocketFile::set_permissions(fs::perms permissions) {
  std::error_code error;
  fs::permissions(unpublished_, permissions, error);
  if (error) throw cannot_listen(path_, error.message());
}

void UnixSocketFile::publish() {
  refuse_unless_free();
  struct stat ours {};
  std::error_code error;
  if (::lstat(unpublished_.c_str(), &ours) == 0) inode_ = ours.st_ino;
  fs::rename(unpublished_, path_, error);
  if (error) throw cannot_listen(path_, error.message());
}

void UnixSocketFile::refuse_unless_free() const {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path_, error);
  if (!fs::exists(status)) return;
  if (!fs::is_socket(status)) throw cannot_listen(path_, "there is something else than a socket at this path");
  if (answers(path_)) throw cannot_listen(path_, "another server listens there");
}

}  // namespace mobileclip::server
