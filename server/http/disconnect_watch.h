// Notices that a client has gone while its request is being worked on.
#pragma once

#include <atomic>
#include <memory>

namespace mobileclip::server {

class Socket;

/// While it lives, `abandoned` becomes true when the peer closes or resets the connection. Nothing else may be pending
/// on the socket. A client that closes its sending half before it has the answer counts as gone; one that sends its
/// next request early is no longer watched.
class DisconnectWatch {
 public:
  DisconnectWatch(Socket& socket, std::shared_ptr<std::atomic<bool>> abandoned);
  ~DisconnectWatch();
  DisconnectWatch(const DisconnectWatch&) = delete;
  DisconnectWatch& operator=(const DisconnectWatch&) = delete;

 private:
  struct State;  // shared with the pending wait, which may be called after this object is gone
  std::shared_ptr<State> state_;
};

}  // namespace mobileclip::server
