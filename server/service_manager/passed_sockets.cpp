#include "server/service_manager/passed_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "server/service_manager/variables.h"

namespace mobileclip::server {
namespace {

/// An option of SOL_SOCKET. Throws std::runtime_error.
int socket_option(int descriptor, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  if (::getsockopt(descriptor, SOL_SOCKET, option, &value, &size) != 0) {
    throw std::runtime_error("LISTEN_FDS: descriptor " + std::to_string(descriptor) + ": " + std::strerror(errno));
  }
  return value;
}

PassedSocket listening_stream(int descriptor) {
  const int family = socket_option(descriptor, SO_DOMAIN);
  const bool known = family == AF_INET || family == AF_INET6 || family == AF_UNIX;
  if (!known || socket_option(descriptor, SO_TYPE) != SOCK_STREAM || socket_option(descriptor, SO_ACCEPTCONN) == 0) {
    throw std::runtime_error("LISTEN_FDS: descriptor " + std::to_string(descriptor) +
                             ": expected a listening stream socket of TCP or the Unix domain (ListenStream= and "
                             "Accept=no in systemd's .socket unit)");
  }
  return {.descriptor = descriptor, .family = family};
}

}  // namespace

std::vector<PassedSocket> passed_sockets(const Environment& environment, int first) {
  std::vector<PassedSocket> sockets;
  if (!names_this_process(environment, "LISTEN_PID")) return sockets;
  const std::int64_t count = whole_number(environment, "LISTEN_FDS", 0).value_or(0);
  for (int descriptor = first; descriptor < first + count; ++descriptor) {
    sockets.push_back(listening_stream(descriptor));
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  }
  return sockets;
}

}  // namespace mobileclip::server
