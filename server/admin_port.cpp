#include "server/admin_port.h"

#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <stop_token>

namespace mobileclip::server {

AdminPort::AdminPort(const ServerConfig& config)
    : config_(config), io_(1), listener_(io_, config.admin_host, config.admin_port) {
  config_.max_connections = kAdminConnections;
}

std::jthread AdminPort::start(const SessionContext& main) {
  sessions_.emplace(SessionContext{.config = config_,
                                   .router = main.router,
                                   .access = access_,
                                   .cors = cors_,
                                   .admission = main.admission,
                                   .bodies = main.bodies,
                                   .metrics = main.metrics,
                                   .lifecycle = main.lifecycle,
                                   .connections = connections_,
                                   .access_log = main.access_log,
                                   .workers = main.workers});
  listener_.listen();
  spdlog::info("metrics and health on {}", listener_.url());
  boost::asio::co_spawn(io_, listener_.run(*sessions_), boost::asio::detached);
  return std::jthread([this](const std::stop_token& stopped) {
    const std::stop_callback stop(stopped, [this] { io_.stop(); });
    io_.run();
  });
}

}  // namespace mobileclip::server
