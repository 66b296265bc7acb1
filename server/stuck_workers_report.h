// The log's part of the watchdog: says when a thread of the engine gets stuck, and when none is any more.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

namespace mobileclip::server {

/// Asks once a second, for as long as it is run, how many are stuck; readiness and metrics ask for themselves.
boost::asio::awaitable<void> report_stuck_workers(std::function<int()> stuck_workers);

}  // namespace mobileclip::server
