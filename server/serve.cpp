#include "server/serve.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

#include "server/admin_port.h"
#include "server/descriptor_limit.h"
#include "server/handlers/routes.h"
#include "server/http/access_control.h"
#include "server/http/api_keys.h"
#include "server/listeners.h"
#include "server/logging/logging.h"
#include "server/served_models.h"
#include "server/service_manager/notify_socket.h"
#include "server/service_manager/variables.h"
#include "server/stuck_workers_report.h"
#include "server/watchdog.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kDrainPoll{10};
constexpr std::size_t kOtherDescriptors = 64;  // besides connections: logs, timers, /proc, refusals
constexpr int kSignalExitBase = 128;           // the shell's convention for "ended by signal n"

/// A request's line is of level info.
bool logs_requests(const ServerConfig& config) {
  return config.access_log && spdlog::level::from_str(config.log_level) <= spdlog::level::info;
}

/// Waits for SIGTERM or SIGINT, then until nothing is in flight. True where that came within drain_timeout.
asio::awaitable<bool> drain_on_signal(asio::signal_set& signals, Lifecycle& lifecycle, const ServerConfig& config,
                                      const NotifySocket& manager) {
  co_await signals.async_wait(asio::use_awaitable);
  signals.async_wait([](const boost::system::error_code& error, int signal) {
    if (!error) std::_Exit(kSignalExitBase + signal);
  });
  lifecycle.leave();
  const std::string draining = fmt::format("stopping: {} requests in flight, at most {} ms for them",
                                           lifecycle.in_flight(), config.drain_timeout.count());
  spdlog::info(draining);
  manager.stopping(draining);
  const auto end = std::chrono::steady_clock::now() + config.drain_timeout;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  // Load balancers need a while to see that readiness is gone.
  timer.expires_after(std::min(config.shutdown_delay, config.drain_timeout));
  co_await timer.async_wait(asio::use_awaitable);
  lifecycle.refuse();
  while (lifecycle.in_flight() > 0 && std::chrono::steady_clock::now() < end) {
    timer.expires_after(kDrainPoll);
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_return lifecycle.in_flight() == 0;
}

/// What SIGHUP reads anew; `reload` throws, and changes nothing, where that fails.
struct Reloadable {
  std::string_view what;
  std::function<void()> reload;
};

asio::awaitable<void> reload_on_hangup(asio::signal_set& hangups, std::vector<Reloadable> parts,
                                       const NotifySocket& manager, std::string serving) {
  for (;;) {
    co_await hangups.async_wait(asio::use_awaitable);
    manager.reloading("reading anew what SIGHUP changes");
    if (parts.empty()) spdlog::info("SIGHUP: nothing is configured that could be read anew");
    for (const Reloadable& part : parts) {
      try {
        part.reload();
        spdlog::info("SIGHUP: {} read anew", part.what);
      } catch (const std::exception& error) {
        spdlog::error("SIGHUP: the {} in use stay: {}", part.what, error.what());
      }
    }
    manager.ready(serving);
  }
}

void run_io(asio::io_context& io, int threads) {
  std::vector<std::jthread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back([&io] { io.run(); });
  io.run();
}

/// The configuration, with as many connections as leave the admin port descriptors of its own.
ServerConfig within_descriptors(ServerConfig config) {
  const std::size_t limit = raise_descriptor_limit();
  const std::size_t others = kOtherDescriptors + (config.admin_port != 0 ? kAdminConnections : 0);
  if (limit >= config.max_connections + others) return config;
  spdlog::warn("the process may open {} files: fewer connections than max_connections ({}) fit; see ulimit -n", limit,
               config.max_connections);
  if (config.admin_port != 0) config.max_connections = limit > others ? limit - others : 1;
  return config;
}

int serve_until_stopped(const ServerConfig& asked, LogWriter& log) {
  ServerConfig config = asked;
  config.engine = within_memory_bounds(asked.engine);  // what everyone goes by: queues, streams, /info
  const Environment environment = process_environment();
  const NotifySocket manager(variable(environment, "NOTIFY_SOCKET"));
  const std::optional<std::chrono::microseconds> watchdog = watchdog_timeout(environment);
  // What comes first goes last: the engines answer everything they hold before the connections' memory goes.
  Lifecycle lifecycle;
  ConnectionTable connections;
  BodyBudget bodies(std::max(config.max_bodies_bytes, config.max_body_bytes));
  Metrics metrics(route_paths());
  const AccessLog access_log(config.log_format, log);
  asio::io_context io(config.io_threads);
  asio::signal_set hangups(io, SIGHUP);
  std::vector<Reloadable> reloadables;
  std::optional<ApiKeys> api_keys;
  if (!config.api_keys_file.empty()) {
    api_keys.emplace(config.api_keys_file);
    reloadables.push_back({.what = "API keys", .reload = [&api_keys] { api_keys->reload(); }});
    spdlog::info("{} API keys", api_keys->size());
  }
  std::optional<TlsCertificate> tls;
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    throw std::runtime_error("server.tls_certificate and server.tls_key: expected both or neither");
  }
  if (!config.tls_certificate.empty()) {
    tls.emplace(config.tls_certificate, config.tls_key);
    reloadables.push_back({.what = "TLS certificate", .reload = [&tls] { tls->reload(); }});
  }
  std::list<Listener> listeners = make_listeners(io, config, passed_sockets(environment), tls ? &*tls : nullptr);
  std::optional<AdminPort> admin_port;
  if (config.admin_port != 0) admin_port.emplace(config);

  manager.starting("loading the models");
  const ServedModels served(config, metrics);
  const auto stuck_workers = [&served] { return served.stuck_workers(); };
  metrics.set_sources({.dropped_log_lines = [&log] { return log.dropped(); },
                       .held_body_bytes = [&bodies] { return bodies.held(); },
                       .stuck_workers = stuck_workers});
  LabelSets label_sets(config.max_label_set_bytes);
  asio::thread_pool workers(1);
  MetricsPage metrics_page([&metrics, &served] { return render_metrics(metrics, served.models()); },
                           workers.get_executor());
  const HandlerContext handlers{.models = served.models(),
                                .metrics = metrics,
                                .lifecycle = lifecycle,
                                .config = config,
                                .label_sets = label_sets,
                                .metrics_page = metrics_page,
                                .workers = workers.get_executor()};
  const Router router = make_router(handlers);
  const AccessControl access(admin_port ? AccessControl::Port::kWork : AccessControl::Port::kOnly,
                             api_keys ? &*api_keys : nullptr);
  const Cors cors(config.cors_origins);
  const Admission admission(lifecycle, bodies, config.max_body_bytes);
  const ServerConfig session_config = within_descriptors(config);
  const SessionContext sessions{.config = session_config,
                                .router = router,
                                .access = access,
                                .cors = cors,
                                .admission = admission,
                                .bodies = bodies,
                                .metrics = metrics,
                                .lifecycle = lifecycle,
                                .connections = connections,
                                .access_log = logs_requests(config) ? &access_log : nullptr,
                                .workers = workers.get_executor()};

  asio::signal_set signals(io, SIGTERM, SIGINT);
  const std::jthread admin_thread = admin_port ? admin_port->start(sessions) : std::jthread();
  for (Listener& listener : listeners) {
    listener.listen();
    spdlog::info("listening on {}", listener.url());
    asio::co_spawn(io, listener.run(sessions), asio::detached);
  }
  const std::string serving = "serving " + served.models().ids() + " on " + listeners.back().url();
  manager.ready(serving);
  if (watchdog) {
    asio::co_spawn(io, keep_alive(manager, *watchdog, [&served] { return served.models().healthy(); }), asio::detached);
  }
  asio::co_spawn(io, report_stuck_workers(stuck_workers), asio::detached);
  asio::co_spawn(io, reload_on_hangup(hangups, std::move(reloadables), manager, serving), asio::detached);
  bool drained = false;
  asio::co_spawn(io, drain_on_signal(signals, lifecycle, config, manager),
                 [&](const std::exception_ptr&, bool in_time) {
                   drained = in_time;
                   io.stop();
                 });
  run_io(io, config.io_threads);

  if (!drained) spdlog::warn("stopped with {} requests unanswered after the drain timeout", lifecycle.in_flight());
  if (drained) spdlog::info("stopped");
  return drained ? 0 : 1;
}

}  // namespace

int serve(const ServerConfig& config) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader of our log that goes away must not end us
  Logging logging(config);
  return serve_until_stopped(config, logging.writer());
}

}  // namespace mobileclip::server
