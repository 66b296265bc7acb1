// Socket activation: listening sockets that the service manager opened and passes on, sd_listen_fds(3). Clients can
// connect before the server has started, and while it restarts: they wait instead of being refused.
#pragma once

#include <vector>

#include "server/config/environment.h"

namespace mobileclip::server {

inline constexpr int kFirstPassedDescriptor = 3;

/// A listening stream socket of TCP or the Unix domain. Whoever takes it closes it.
struct PassedSocket {
  int descriptor;
  int family;  ///< AF_INET, AF_INET6 or AF_UNIX
};

/// The $LISTEN_FDS sockets from `first` on, closed on exec from now on; none where $LISTEN_PID names another process.
/// Throws std::runtime_error naming what is none.
std::vector<PassedSocket> passed_sockets(const Environment& environment, int first = kFirstPassedDescriptor);

}  // namespace mobileclip::server
