// Notices that a client has gone while its request is being worked on.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

namespace mobileclip::server {

/// While it lives, `abandoned` becomes true when the peer closes or resets the connection. Nothing else may be pending
/// on the socket. A client that closes its sending half before it has the answer counts as gone; one that sends its
/// next request early is no longer watched.
class DisconnectWatch {
 public:
  DisconnectWatch(boost::asio::ip::tcp::socket& socket, std::shared_ptr<std::atomic<bool>> abandoned);
  ~DisconnectWatch();
  DisconnectWatch(const DisconnectWatch&) = delete;
  DisconnectWatch& operator=(const DisconnectWatch&) = delete;

 private:
  // Shared with the pending wait, which may be called after this object is gone.
  struct State {
    boost::asio::ip::tcp::socket* socket;
    std::shared_ptr<std::atomic<bool>> abandoned;
  };
  std::shared_ptr<State> state_;
};

}  // namespace mobileclip::server
