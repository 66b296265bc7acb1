#include "server/http/disconnect_watch.h"

#include <sys/socket.h>

#include <cerrno>

namespace mobileclip::server {
namespace {

bool peer_is_gone(boost::asio::ip::tcp::socket& socket) {
  char byte = 0;
  const ssize_t received = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return received == 0 || (received < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace

DisconnectWatch::DisconnectWatch(boost::asio::ip::tcp::socket& socket, std::shared_ptr<std::atomic<bool>> abandoned)
    : state_(std::make_shared<State>(State{.socket = &socket, .abandoned = std::move(abandoned)})) {
  socket.async_wait(boost::asio::ip::tcp::socket::wait_read, [state = state_](const boost::system::error_code& error) {
    if (error || state->socket == nullptr) return;
    if (peer_is_gone(*state->socket)) *state->abandoned = true;
  });
}

DisconnectWatch::~DisconnectWatch() {
  boost::system::error_code ignored;
  state_->socket->cancel(ignored);
  state_->socket = nullptr;
}

}  // namespace mobileclip::server
