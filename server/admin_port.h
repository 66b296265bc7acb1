// The admin port: health and metrics, answered however busy the other listeners are.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <optional>
#include <thread>

#include "server/http/listener.h"

namespace mobileclip::server {

inline constexpr std::size_t kAdminConnections = 64;

/// Has a thread and a table of connections of its own.
class AdminPort {
 public:
  /// Binds config.admin_port. Throws as Listener does.
  explicit AdminPort(const ServerConfig& config);

  /// Serves with what the other listeners' sessions use, until the thread that is returned is told to stop; this and
  /// `main` outlive that. Called once. Throws as Listener::listen() does.
  [[nodiscard]] std::jthread start(const SessionContext& main);

 private:
  ServerConfig config_;
  const AccessControl access_{AccessControl::Port::kAdmin};
  const Cors cors_;
  ConnectionTable connections_;
  std::optional<SessionContext> sessions_;
  boost::asio::io_context io_;
  Listener listener_;
};

}  // namespace mobileclip::server
