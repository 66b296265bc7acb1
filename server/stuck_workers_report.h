// The log's part of the watchdog: says when a thread of the engine gets stuck, and when none is any more.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "engine/runtime/engine.h"

namespace mobileclip::server {

/// Looks once a second for as long as it is run; readiness and metrics ask the engine themselves. `engine` outlives it.
boost::asio::awaitable<void> report_stuck_workers(const Engine& engine);

}  // namespace mobileclip::server
