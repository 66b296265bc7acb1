// A client's connection as bytes, whatever carries them: TCP or a Unix-domain socket, in the clear or under TLS.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace mobileclip::server {

/// An AsyncReadStream and AsyncWriteStream of Asio's. Used on its executor only; one read and one write at a time.
class Socket {
 public:
  using Plain = boost::asio::generic::stream_protocol::socket;
  using Tls = std::shared_ptr<boost::asio::ssl::context>;
  using executor_type = Plain::executor_type;
  using error_code = boost::system::error_code;

  /// `tls` is null for bytes in the clear.
  explicit Socket(Plain plain, Tls tls = nullptr) : plain_(std::move(plain)), context_(std::move(tls)) {
    if (context_) tls_.emplace(plain_, *context_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  executor_type get_executor() { return plain_.get_executor(); }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    auto read = [this](auto handler, const Buffers& into) {
      tls_ ? tls_->async_read_some(into, std::move(handler)) : plain_.async_read_some(into, std::move(handler));
    };
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(std::move(read), token, buffers);
  }

  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    auto write = [this](auto handler, const Buffers& from) {
      tls_ ? tls_->async_write_some(from, std::move(handler)) : plain_.async_write_some(from, std::move(handler));
    };
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(std::move(write), token, buffers);
  }

  /// TLS's handshake, before anything is read or written; nothing to do without TLS.
  boost::asio::awaitable<error_code> handshake();
  /// Says that nothing more will be sent. Under TLS it waits for the client to say the same, or for cancel().
  boost::asio::awaitable<error_code> shutdown_send();
  /// What waits on the socket ends with operation_aborted.
  void cancel();
  void close();

  [[nodiscard]] bool has_tls() const { return tls_.has_value(); }
  /// Below TLS, where there is any.
  [[nodiscard]] Plain& plain() { return plain_; }

 private:
  Plain plain_;
  Tls context_;  // the certificate in use when the connection was accepted
  std::optional<boost::asio::ssl::stream<Plain&>> tls_;
};

}  // namespace mobileclip::server
