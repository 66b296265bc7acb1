#include "server/stuck_workers_report.h"

#include <spdlog/spdlog.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

namespace mobileclip::server {

namespace asio = boost::asio;

asio::awaitable<void> report_stuck_workers(std::function<int()> stuck_workers) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  int reported = 0;
  for (;;) {
    timer.expires_after(std::chrono::seconds(1));
    co_await timer.async_wait(asio::use_awaitable);
    const int stuck = stuck_workers();
    const int before = std::exchange(reported, stuck);
    if (stuck > before) spdlog::error("{} of the engine's threads stuck: not ready", stuck);
    if (stuck == 0 && before > 0) spdlog::warn("the engine's threads are no longer stuck");
  }
}

}  // namespace mobileclip::server
