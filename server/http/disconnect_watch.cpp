#include "server/http/disconnect_watch.h"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>

#include "server/http/socket.h"

namespace mobileclip::server {
namespace {

/// A TLS client's close_notify cannot be told from a request below TLS, and its connection's end comes after it.
constexpr std::chrono::milliseconds kBetweenLooks{50};

bool is_gone(int socket) {
  char byte = 0;
  const ssize_t received = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return received == 0 || (received < 0 && errno != EAGAIN && errno != EINTR);
}

/// Whether the peer has closed its sending half, whatever lies unread before that.
bool has_hung_up(int socket) {
  pollfd waited{.fd = socket, .events = POLLRDHUP, .revents = 0};
  return ::poll(&waited, 1, 0) == 1;
}

}  // namespace

struct DisconnectWatch::State : std::enable_shared_from_this<DisconnectWatch::State> {
  State(Socket& watched, std::shared_ptr<std::atomic<bool>> flag)
      : socket(&watched), abandoned(std::move(flag)), later(watched.get_executor()) {}

  Socket* socket;
  std::shared_ptr<std::atomic<bool>> abandoned;
  boost::asio::steady_timer later;

  void readable() {
    const int handle = socket->plain().native_handle();
    if (is_gone(handle) || (socket->has_tls() && has_hung_up(handle))) {
      *abandoned = true;
    } else if (socket->has_tls()) {
      later.expires_after(kBetweenLooks);
      later.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error && self->socket != nullptr) self->readable();
      });
    }
  }
};

DisconnectWatch::DisconnectWatch(Socket& socket, std::shared_ptr<std::atomic<bool>> abandoned)
    : state_(std::make_shared<State>(socket, std::move(abandoned))) {
  socket.plain().async_wait(Socket::Plain::wait_read, [state = state_](const boost::system::error_code& error) {
    if (!error && state->socket != nullptr) state->readable();
  });
}

DisconnectWatch::~DisconnectWatch() {
  state_->socket->cancel();
  state_->socket = nullptr;
  state_->later.cancel();
}

}  // namespace mobileclip::server
