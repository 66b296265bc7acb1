// The listening socket: bound early, so that a port in use is found out at once, opened once there is something to
// serve.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "server/http/session.h"
#include "server/http/tls_certificate.h"
#include "server/http/unix_socket_file.h"
#include "server/service_manager/passed_sockets.h"

namespace mobileclip::server {

class Listener {
 public:
  /// Binds without listening: until listen(), connections are refused. Port 0 takes any free one. `tls` is null for
  /// HTTP in the clear, else outlives this. Throws std::runtime_error naming address and reason.
  Listener(boost::asio::io_context& io, const std::string& host, std::uint16_t port,
           const TlsCertificate* tls = nullptr);
  /// The same for a Unix-domain socket: HTTP in the clear.
  Listener(boost::asio::io_context& io, const std::filesystem::path& path, std::filesystem::perms permissions);
  /// One that listens already: connections that come before listen() wait. `tls` as above; not for Unix-domain sockets.
  Listener(boost::asio::io_context& io, PassedSocket socket, const TlsCertificate* tls = nullptr);

  void listen();                          ///< Throws as the constructor.
  [[nodiscard]] std::string url() const;  ///< "http://127.0.0.1:8080", "https://[::1]:8443", "unix:/run/m.sock"

  /// Accepts connections and starts a session for each until the io_context stops. `context` outlives the io_context's
  /// work. Over max_connections, or without descriptors or memory, the connection that has waited longest for its
  /// client makes room; where none waits, the new one is told 503, or left in the backlog.
  boost::asio::awaitable<void> run(const SessionContext& context);

 private:
  boost::asio::io_context& io_;
  const TlsCertificate* tls_ = nullptr;
  std::optional<UnixSocketFile> file_;  // of a Unix-domain socket
  boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol> acceptor_;
};

}  // namespace mobileclip::server
