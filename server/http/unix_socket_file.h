// The name of a Unix-domain socket in the file system: who owns it, from when on, until when.
#pragma once

#include <sys/types.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>

namespace mobileclip::server {

/// Nobody finds `path` before publish(): until then the socket lies beside it. The name goes with the object.
class UnixSocketFile {
 public:
  /// Throws std::runtime_error where `path` is too long, is something else than a socket, or another server answers
  /// there.
  explicit UnixSocketFile(std::filesystem::path path);
  ~UnixSocketFile();
  UnixSocketFile(const UnixSocketFile&) = delete;
  UnixSocketFile& operator=(const UnixSocketFile&) = delete;

  /// What to bind.
  [[nodiscard]] boost::asio::local::stream_protocol::endpoint endpoint() const;
  /// Of the socket, once it is bound; before anybody can connect. Throws std::runtime_error.
  void set_permissions(std::filesystem::perms permissions);
  /// Gives the socket, which listens by now, its name. What a server that is no more has left there is replaced, in one
  /// step. Throws as the constructor.
  void publish();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void refuse_unless_free() const;

  std::filesystem::path path_;
  std::filesystem::path unpublished_;
  ino_t inode_ = 0;  // of our socket: what others put in its place is not ours to remove
};

}  // namespace mobileclip::server
