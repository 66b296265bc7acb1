// A service manager's end of $NOTIFY_SOCKET.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <stdexcept>
#include <string>

namespace mobileclip::server {

class FakeManager {
 public:
  /// In the abstract namespace, so that nothing is left behind.
  FakeManager() : address_("@mobileclip-notify-test-" + std::to_string(::getpid())) {
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    address_.copy(name.sun_path, address_.size());
    name.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&name), length) != 0) throw std::runtime_error("bind");
  }
  ~FakeManager() { ::close(socket_); }
  FakeManager(const FakeManager&) = delete;
  FakeManager& operator=(const FakeManager&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }

  /// The next datagram, or "" where none is there.
  std::string received() {
    char buffer[4096];
    const ssize_t size = ::recv(socket_, buffer, sizeof(buffer), 0);
    return size < 0 ? "" : std::string(buffer, static_cast<std::size_t>(size));
  }

 private:
  std::string address_;
  int socket_ = -1;
};

}  // namespace mobileclip::server
