// What handlers share.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "server/config/server_config.h"
#include "server/handlers/label_sets.h"
#include "server/handlers/metrics_page.h"
#include "server/handlers/models.h"
#include "server/http/lifecycle.h"
#include "server/metrics/metrics.h"

namespace mobileclip::server {

/// Outlives every request.
struct HandlerContext {
  const Models& models;
  Metrics& metrics;
  const Lifecycle& lifecycle;
  const ServerConfig& config;
  LabelSets& label_sets;
  MetricsPage& metrics_page;
  boost::asio::any_io_executor workers;  ///< for parsing and serialising what is large
};

}  // namespace mobileclip::server
