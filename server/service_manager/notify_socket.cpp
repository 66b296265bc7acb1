#include "server/service_manager/notify_socket.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <stdexcept>

namespace mobileclip::server {
namespace {

constexpr timeval kSendTimeout{.tv_sec = 0, .tv_usec = 100'000};

std::runtime_error unusable(std::string_view address, const std::string& reason) {
  return std::runtime_error("NOTIFY_SOCKET '" + std::string(address) + "': " + reason);
}

std::string status_line(std::string_view status) {
  std::string line(status);
  std::ranges::replace(line, '\n', ' ');  // would begin a variable of its own
  return "STATUS=" + line;
}

}  // namespace

NotifySocket::NotifySocket(std::string_view address) {
  if (address.empty()) return;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.front() != '/' && address.front() != '@') {
    throw unusable(address, "expected an absolute path or a name that begins with '@'");
  }
  if (address.size() >= sizeof(name.sun_path)) {
    throw unusable(address, "expected at most " + std::to_string(sizeof(name.sun_path) - 1) + " bytes");
  }
  std::ranges::copy(address, name.sun_path);
  if (address.front() == '@') name.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());

  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0 || ::connect(socket_, reinterpret_cast<const sockaddr*>(&name), length) != 0) {
    const int reason = errno;
    if (socket_ >= 0) ::close(socket_);
    throw unusable(address, std::strerror(reason));
  }
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &kSendTimeout, sizeof(kSendTimeout));
}

NotifySocket::~NotifySocket() {
  if (socket_ >= 0) ::close(socket_);
}

void NotifySocket::starting(std::string_view status) const { send(status_line(status)); }

void NotifySocket::ready(std::string_view status) const { send("READY=1\n" + status_line(status)); }

void NotifySocket::reloading(std::string_view status) const {
  // The time lets Type=notify-reload (systemd 253) tell this reload from one before; steady_clock is CLOCK_MONOTONIC.
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds) + "\n" + status_line(status));
}

void NotifySocket::stopping(std::string_view status) const { send("STOPPING=1\n" + status_line(status)); }

void NotifySocket::alive() const { send("WATCHDOG=1"); }

void NotifySocket::send(const std::string& message) const {
  if (socket_ >= 0) static_cast<void>(::send(socket_, message.data(), message.size(), MSG_NOSIGNAL));
}

}  // namespace mobileclip::server
