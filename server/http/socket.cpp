#include "server/http/socket.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace mobileclip::server {

namespace asio = boost::asio;

asio::awaitable<Socket::error_code> Socket::handshake() {
  error_code error;
  if (tls_) {
    co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, error));
  }
  co_return error;
}

asio::awaitable<Socket::error_code> Socket::shutdown_send() {
  error_code ignored;  // a client that says nothing, or something else, is told by TCP then
  if (tls_) co_await tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, ignored));
  error_code error;
  plain_.shutdown(Plain::shutdown_send, error);
  co_return error;
}

void Socket::cancel() {
  error_code ignored;
  plain_.cancel(ignored);
}

void Socket::close() {
  error_code ignored;
  plain_.close(ignored);
}

}  // namespace mobileclip::server
