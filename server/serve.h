// `mobileclip-server serve`: wires the parts and runs until it is told to stop.
#pragma once

#include "server/config/server_config.h"

namespace mobileclip::server {

/// Binds the port, loads and warms the models, serves, and on SIGTERM or SIGINT drains. Returns the process's exit
/// code: 0 after a drain, 1 where that took longer than drain_timeout. A second signal ends the process at once. Throws
/// what keeps it from starting (LoadError, std::runtime_error), before the port opens. Logs to stderr through spdlog's
/// default logger, which it sets up. Called once a process.
int serve(const ServerConfig& config);

}  // namespace mobileclip::server
