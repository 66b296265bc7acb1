// A response that is written while its request is still being read.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <variant>

#include "server/http/compression.h"
#include "server/http/cors.h"
#include "server/http/message.h"
#include "server/http/phase_timer.h"
#include "server/http/request_reader.h"
#include "server/http/request_scope.h"

namespace mobileclip::server {

/// Used on the connection's executor; one coroutine may read while another writes. Time limits are on silence: a read
/// waits for body_timeout since the last byte either way, a write for write_timeout.
class StreamExchange {
 public:
  StreamExchange(Socket& socket, RequestReader& reader, const ServerConfig& config, const Cors& cors,
                 const RequestHead& head, RequestScope& scope);

  /// Sends the status and headers of `head`, after the 100 that a client may wait for. It has no body; what is written
  /// goes out gzipped where the client asks for it. The connection ends with the exchange. False, here and below, where the client has gone.
  boost::asio::awaitable<bool> begin(Response head);
  [[nodiscard]] bool begun() const { return begun_; }

  /// What has arrived next of the body; empty at its end.
  boost::asio::awaitable<std::variant<std::string, ReadFailure>> read_some();
  /// The client waits for us: its silence counts anew.
  void excuse_silence();
  /// Reading ends, now and in future, with 503: the server stops, or nobody listens any more. Not while a write is
  /// pending, which it would end, too.
  void stop_reading();

  boost::asio::awaitable<bool> write(std::string bytes);
  boost::asio::awaitable<bool> end();

 private:
  boost::asio::awaitable<bool> write_chunk(std::string bytes);
  boost::asio::awaitable<bool> send(std::string bytes);

  Socket& socket_;
  RequestReader& reader_;
  const ServerConfig& config_;
  const Cors& cors_;
  const RequestHead& head_;
  RequestScope& scope_;
  PhaseTimer write_timer_;
  std::optional<GzipStream> gzip_;
  std::size_t written_ = 0;
  bool begun_ = false;
  bool reading_ = false;
  bool stopped_ = false;
};

}  // namespace mobileclip::server
