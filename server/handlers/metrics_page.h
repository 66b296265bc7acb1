// GET /metrics.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "server/handlers/models.h"
#include "server/metrics/metrics.h"

namespace mobileclip::server {

/// What was counted, and how long the models' queues are now.
std::string render_metrics(Metrics& metrics, const Models& models);

/// Rendering takes a millisecond or more: it is done on `workers`, and once for all who asked before it began, so that
/// any number of readers holds up neither connections nor each other. They share the page: a copy for each could find
/// no memory on `workers`, where nobody catches that. Thread-safe. Outlives its readers; `workers` is joined before
/// `render` can go.
class MetricsPage {
 public:
  MetricsPage(std::function<std::string()> render, boost::asio::any_io_executor workers);

  using Page = std::shared_ptr<const std::string>;

  /// As of now or later.
  boost::asio::awaitable<Result<Page>> read();

 private:
  using Reader = std::function<void(Result<Page>)>;
  struct State {
    std::function<std::string()> render;
    std::mutex mutex;
    std::vector<Reader> readers;  ///< for whom no rendering has begun; one is on its way where there are any
  };

  static Result<Page> render(const State& state);
  static void render_for(State& state);

  std::shared_ptr<State> state_;
  boost::asio::any_io_executor workers_;
};

}  // namespace mobileclip::server
