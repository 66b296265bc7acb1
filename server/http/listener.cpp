#include "server/http/listener.h"

#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "server/http/request_id.h"
#include "server/http/response_writer.h"
#include "server/http/responses.h"
#include "server/http/socket.h"

namespace mobileclip::server {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds kAcceptBackoff{100};
constexpr std::chrono::milliseconds kRoomMadeBackoff{1};
constexpr std::chrono::seconds kWarningInterval{10};
constexpr std::size_t kMaxRefusals = 64;  // at a time; those that only wait for their client to close give way
constexpr std::chrono::milliseconds kRefusalTimeout{1000};

std::runtime_error cannot_listen(const std::string& host, std::uint16_t port, const error_code& error) {
  return std::runtime_error("cannot listen on " + host + ":" + std::to_string(port) + ": " + error.message());
}

tcp::endpoint resolve(asio::io_context& io, const std::string& host, std::uint16_t port) {
  error_code error;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error) throw cannot_listen(host, port, error);
  return found.begin()->endpoint();
}

/// Of a bound socket; to be looked at as what its family says.
template <typename Endpoint>
Endpoint as(const asio::generic::stream_protocol::endpoint& bound) {
  Endpoint endpoint;
  endpoint.resize(bound.size());
  std::memcpy(endpoint.data(), bound.data(), bound.size());
  return endpoint;
}

/// Counts a connection while it is open.
class ConnectionScope {
 public:
  explicit ConnectionScope(Metrics& metrics) : metrics_(metrics) { metrics_.connection_opened(); }
  ~ConnectionScope() { metrics_.connection_closed(); }
  ConnectionScope(const ConnectionScope&) = delete;
  ConnectionScope& operator=(const ConnectionScope&) = delete;

 private:
  Metrics& metrics_;
};

asio::awaitable<void> serve_connection(Socket::Plain socket, Socket::Tls tls, const SessionContext& context) {
  const ConnectionScope scope(context.metrics);
  co_await run_session(std::move(socket), std::move(tls), context);
}

asio::awaitable<void> refuse_connection(Socket::Plain plain, Socket::Tls tls,
                                        std::shared_ptr<ConnectionTable> refusals) {
  ConnectionTable::Entry connection(*refusals);
  Socket socket(std::move(plain), std::move(tls));
  PhaseTimer timer(socket);
  timer.arm(kRefusalTimeout);
  const error_code failed = co_await socket.handshake();
  if (failed) co_return;
  Response response = error_response(
      HttpError{.status = 503, .code = "too_many_connections", .message = "the server has no connection to spare"});
  response.headers.add("X-Request-Id", random_request_id());
  const Delivery delivery;
  const bool written = co_await write_response(socket, response, delivery);
  if (written) co_await close_lingering(socket, timer, connection);
}

void log_escaped(const std::exception_ptr& failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    spdlog::error("a connection ended by an exception: {}", error.what());
  }
}

}  // namespace

Listener::Listener(asio::io_context& io, const std::string& host, std::uint16_t port, const TlsCertificate* tls)
    : io_(io), tls_(tls), acceptor_(io) {
  const tcp::endpoint endpoint = resolve(io, host, port);
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (error) throw cannot_listen(host, port, error);
}

Listener::Listener(asio::io_context& io, const std::filesystem::path& path, std::filesystem::perms permissions)
    : io_(io), file_(std::in_place, path), acceptor_(io) {
  const asio::local::stream_protocol::endpoint endpoint = file_->endpoint();
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (error) throw std::runtime_error("cannot listen on " + url() + ": " + error.message());
  file_->set_permissions(permissions);
}

Listener::Listener(asio::io_context& io, PassedSocket socket, const TlsCertificate* tls)
    : io_(io), tls_(socket.family == AF_UNIX ? nullptr : tls), acceptor_(io) {
  acceptor_.assign({socket.family, socket.family == AF_UNIX ? 0 : IPPROTO_TCP}, socket.descriptor);
}

void Listener::listen() {
  error_code error;
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) throw std::runtime_error("cannot listen on " + url() + ": " + error.message());
  if (file_) file_->publish();
}

std::string Listener::url() const {
  if (file_) return "unix:" + file_->path().string();
  const asio::generic::stream_protocol::endpoint bound = acceptor_.local_endpoint();
  if (bound.protocol().family() == AF_UNIX) return "unix:" + as<asio::local::stream_protocol::endpoint>(bound).path();
  const auto endpoint = as<tcp::endpoint>(bound);
  const std::string address = endpoint.address().to_string();
  return (tls_ != nullptr ? "https://" : "http://") + (endpoint.address().is_v6() ? "[" + address + "]" : address) +
         ":" + std::to_string(endpoint.port());
}

asio::awaitable<void> Listener::run(const SessionContext& context) {
  asio::steady_timer backoff(io_);
  std::chrono::steady_clock::time_point next_warning{};
  const auto refusals = std::make_shared<ConnectionTable>();
  for (;;) {
    Socket::Plain socket(asio::make_strand(io_));
    error_code error;
    co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error == asio::error::connection_aborted) continue;
    if (error) {
      // Out of descriptors or memory: a connection stays in the backlog until some are free again.
      if (std::chrono::steady_clock::now() >= next_warning) {
        spdlog::warn("cannot accept a connection: {}", error.message());
        next_warning = std::chrono::steady_clock::now() + kWarningInterval;
      }
      // accept() wants a descriptor also where nobody waits for one; and what was accepted last has yet to be read.
      co_await acceptor_.async_wait(asio::socket_base::wait_read, asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::operation_aborted) co_return;
      const bool made_room = context.connections.close_one();
      backoff.expires_after(made_room ? kRoomMadeBackoff : kAcceptBackoff);
      co_await backoff.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    socket.set_option(tcp::no_delay(true), error);
    const auto executor = socket.get_executor();
    Socket::Tls tls = tls_ != nullptr ? tls_->context() : nullptr;
    if (context.connections.size() < context.config.max_connections || context.connections.close_one()) {
      asio::co_spawn(executor, serve_connection(std::move(socket), std::move(tls), context), log_escaped);
      continue;
    }
    context.metrics.connection_refused();
    if (refusals->size() < kMaxRefusals || refusals->close_one()) {
      asio::co_spawn(executor, refuse_connection(std::move(socket), std::move(tls), refusals), log_escaped);
    }
  }
}

}  // namespace mobileclip::server
