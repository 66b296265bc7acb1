#include "server/handlers/metrics_page.h"

#include <boost/asio/post.hpp>
#include <new>
#include <optional>
#include <utility>

#include "server/http/completion.h"

namespace mobileclip::server {

namespace asio = boost::asio;

std::string render_metrics(Metrics& metrics, const Models& models) {
  for (const ServedModel& model : models) {
    for (const Lane lane : kLanes) model.metrics.set_queue_depth(lane, model.service.queue_depth(lane));
  }
  return metrics.render();
}

MetricsPage::MetricsPage(std::function<std::string()> render, asio::any_io_executor workers)
    : state_(std::make_shared<State>()), workers_(std::move(workers)) {
  state_->render = std::move(render);
}

asio::awaitable<Result<MetricsPage::Page>> MetricsPage::read() {
  auto start = [state = state_, workers = workers_](Reader reader) -> std::optional<Error> {
    bool first = false;
    {
      const std::lock_guard lock(state->mutex);
      first = state->readers.empty();
      state->readers.push_back(std::move(reader));
    }
    if (first) asio::post(workers, [state] { render_for(*state); });
    return std::nullopt;
  };
  co_return co_await completion_of<Page>(Deadline::never(), std::move(start));
}

Result<MetricsPage::Page> MetricsPage::render(const State& state) {
  try {
    return std::make_shared<const std::string>(state.render());
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kUnavailable, "out of memory"};
  }
}

void MetricsPage::render_for(State& state) {
  std::vector<Reader> readers;
  {
    const std::lock_guard lock(state.mutex);
    readers = std::exchange(state.readers, {});
  }
  const Result<Page> page = render(state);
  for (const Reader& reader : readers) reader(page);
}

}  // namespace mobileclip::server
