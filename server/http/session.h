// One connection, from accept to close.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "server/config/server_config.h"
#include "server/http/access_control.h"
#include "server/http/admission.h"
#include "server/http/body_budget.h"
#include "server/http/connection_table.h"
#include "server/http/cors.h"
#include "server/http/lifecycle.h"
#include "server/http/router.h"
#include "server/logging/access_log.h"
#include "server/metrics/metrics.h"

namespace mobileclip::server {

/// What every session uses; outlives them all.
struct SessionContext {
  const ServerConfig& config;
  const Router& router;
  const AccessControl& access;
  const Cors& cors;
  const Admission& admission;
  BodyBudget& bodies;
  Metrics& metrics;
  Lifecycle& lifecycle;
  ConnectionTable& connections;
  const AccessLog* access_log;           ///< null: off
  boost::asio::any_io_executor workers;  ///< for compressing; joined before the sessions' memory goes
};

/// Serves the requests of a connection one after the other, under TLS where `tls` is not null. Runs on the socket's
/// executor; throws only where memory runs out.
boost::asio::awaitable<void> run_session(boost::asio::generic::stream_protocol::socket socket,
                                         std::shared_ptr<boost::asio::ssl::context> tls, const SessionContext& context);

}  // namespace mobileclip::server
