#include "server/watchdog.h"

#include <spdlog/spdlog.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace mobileclip::server {

namespace asio = boost::asio;

asio::awaitable<void> keep_alive(const NotifySocket& manager, std::chrono::microseconds timeout,
                                 std::function<bool()> healthy) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (healthy()) {
    manager.alive();
    timer.expires_after(timeout / 2);
    co_await timer.async_wait(asio::use_awaitable);
  }
  spdlog::error("the engine has failed: left to the watchdog");
}

}  // namespace mobileclip::server
