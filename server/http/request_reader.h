// Reads requests off a connection, by ourselves, so that every byte is judged and every body is bounded; Beast parses
// the head that has passed.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "server/config/server_config.h"
#include "server/http/body_budget.h"
#include "server/http/connection_table.h"
#include "server/http/message.h"
#include "server/http/phase_timer.h"

namespace mobileclip::server {

class Socket;

inline constexpr std::size_t kMaxHeadBytes = 8192;  ///< request line and headers

/// Why nothing more can be read from the connection. Without `answer` there is nobody to tell.
struct ReadFailure {
  std::optional<HttpError> answer;
};

/// One request at a time: read_head(), then read_body() unless the request is refused. After a failure, or a body left
/// unread, the connection is of no more use.
class RequestReader {
 public:
  /// `connection` is told what the client is waited for.
  RequestReader(Socket& socket, PhaseTimer& timer, ConnectionTable::Entry& connection, BodyBudget& budget,
                const ServerConfig& config);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  boost::asio::awaitable<std::variant<RequestHead, ReadFailure>> read_head();
  /// What is returned holds its part of the budget until it goes.
  boost::asio::awaitable<std::variant<SharedBody, ReadFailure>> read_body();

  /// Instead of read_body(), and as often as it takes: what has arrived next of the body, empty at its end.
  /// body_timeout counts from the last byte, max_body_bytes does not hold.
  boost::asio::awaitable<std::variant<std::string, ReadFailure>> read_some();
  /// While read_some() waits: its time begins anew.
  void restart_body_timeout();

  /// Whether the last request was read to its end, so that another can follow.
  [[nodiscard]] bool complete() const;
  /// Whether bytes behind the last head have arrived.
  [[nodiscard]] bool has_buffered() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mobileclip::server
