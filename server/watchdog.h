// The service manager's watchdog: told that we are alive while we are.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>

#include "server/service_manager/notify_socket.h"

namespace mobileclip::server {

/// Says NotifySocket::alive() at once and then twice within `timeout`, until `healthy` says no: the service manager
/// then ends the process and starts another. A blocked io_context says nothing either. `manager` outlives the
/// io_context's work.
boost::asio::awaitable<void> keep_alive(const NotifySocket& manager, std::chrono::microseconds timeout,
                                        std::function<bool()> healthy);

}  // namespace mobileclip::server
