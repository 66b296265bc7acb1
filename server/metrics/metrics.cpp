#include "server/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "server/metrics/buckets.h"
#include "server/metrics/process_stats.h"

namespace mobileclip::server {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

// Every status the server answers with, and 0 for one that is missing here: the label set stays fixed whatever happens.
constexpr std::array<unsigned, 23> kStatuses = {200, 204, 400, 404, 405, 406, 408, 411,
                                                413, 414, 415, 417, 422, 424, 429, Metrics::kNoAnswer,
                                                431, 500, 501, 503, 504, 507, 0};
constexpr std::array<std::string_view, kRequestStageCount> kRequestStages = {"read",     "parse", "serialize",
                                                                             "compress", "write", "total"};

enum class Rejection {
  kMalformed,
  kNotFound,
  kTimeout,
  kTooLarge,
  kUnprocessable,
  kOverloaded,
  kUnavailable,
  kConnections
};
constexpr std::array<std::string_view, 8> kRejections = {"malformed",     "not_found",  "timeout",     "too_large",
                                                         "unprocessable", "overloaded", "unavailable", "connections"};

std::size_t status_index(unsigned status) {
  const auto found = std::find(kStatuses.begin(), kStatuses.end() - 1, status);
  return static_cast<std::size_t>(found - kStatuses.begin());
}

std::string status_label(unsigned status) { return status == 0 ? "other" : std::to_string(status); }

/// Why a request was turned away, where its status says that it was.
std::optional<Rejection> rejection(unsigned status) {
  switch (status) {
    case 400:
    case 411:
    case 417:
    case 501:
      return Rejection::kMalformed;
    case 404:
    case 405:
      return Rejection::kNotFound;
    case 408:
    case 504:
      return Rejection::kTimeout;
    case 413:
    case 414:
    case 431:
      return Rejection::kTooLarge;
    case 406:
    case 415:
    case 422:
      return Rejection::kUnprocessable;
    case 429:
      return Rejection::kOverloaded;
    case 503:
      return Rejection::kUnavailable;
    default:
      return std::nullopt;
  }
}

template <typename Enum>
std::size_t index_of(Enum value) {
  return static_cast<std::size_t>(value);
}

Counter& counter(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

Gauge& gauge(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

}  // namespace

struct Metrics::Series {
  Registry registry;

  std::vector<std::array<Counter*, kStatuses.size()>> requests;  // [route][status]
  std::array<Counter*, kRejections.size()> rejected{};
  std::array<Histogram*, kRequestStages.size()> request_stages{};

  Gauge& in_flight =
      gauge(registry, "mobileclip_requests_in_flight", "Requests read in part or whole and not yet answered");
  Gauge& connections = gauge(registry, "mobileclip_connections", "Open client connections");
  Counter& log_dropped =
      counter(registry, "mobileclip_log_lines_dropped_total", "Log lines dropped because their reader stalled");
  Gauge& body_bytes = gauge(registry, "mobileclip_request_body_bytes", "Memory that request bodies hold");
  Gauge& stuck_workers = gauge(registry, "mobileclip_stuck_workers", "Engine threads at one job for stuck_after");
  ScrapeSources sources;
  Gauge& resident = gauge(registry, "process_resident_memory_bytes", "Resident memory size in bytes");
  Counter& cpu = counter(registry, "process_cpu_seconds_total", "User and system CPU time spent in seconds");
  Gauge& fds = gauge(registry, "process_open_fds", "Number of open file descriptors");
  Gauge& start_time = gauge(registry, "process_start_time_seconds", "Start of the process, Unix time in seconds");
  prometheus::Family<Gauge>& build_info = prometheus::BuildGauge()
                                              .Name("mobileclip_build_info")
                                              .Help("1; the labels say what is running")
                                              .Register(registry);

  std::vector<std::unique_ptr<ModelMetrics>> models;

  explicit Series(const std::vector<std::string>& routes) { add_request_series(routes); }

  void add_request_series(const std::vector<std::string>& routes) {
    auto& requests_family = prometheus::BuildCounter()
                                .Name("mobileclip_requests_total")
                                .Help("Requests by route and HTTP status (499: the client left before its answer)")
                                .Register(registry);
    for (std::size_t route = 0; route <= routes.size(); ++route) {
      const std::string& label = route < routes.size() ? routes[route] : "other";
      auto& by_status = requests.emplace_back();
      for (std::size_t i = 0; i < kStatuses.size(); ++i) {
        by_status[i] = &requests_family.Add({{"route", label}, {"status", status_label(kStatuses[i])}});
      }
    }
    auto& rejected_family = prometheus::BuildCounter()
                                .Name("mobileclip_rejected_total")
                                .Help("Requests and connections turned away, by reason")
                                .Register(registry);
    for (std::size_t i = 0; i < kRejections.size(); ++i) {
      rejected[i] = &rejected_family.Add({{"reason", std::string(kRejections[i])}});
    }
    auto& stage_family = prometheus::BuildHistogram()
                             .Name("mobileclip_request_stage_duration_seconds")
                             .Help("Time a request spends in each of the server's own stages, and in all")
                             .Register(registry);
    for (std::size_t i = 0; i < kRequestStages.size(); ++i) {
      request_stages[i] = &stage_family.Add({{"stage", std::string(kRequestStages[i])}}, duration_buckets());
    }
  }
};

Metrics::Metrics(const std::vector<std::string>& routes) : series_(std::make_unique<Series>(routes)) {}
Metrics::~Metrics() = default;

ModelMetrics& Metrics::add_model(const std::string& name) {
  return *series_->models.emplace_back(std::make_unique<ModelMetrics>(series_->registry, name));
}

void Metrics::add_build_info(const BuildInfo& info) {
  series_->build_info
      .Add({{"version", info.version}, {"model", info.model}, {"precision", info.precision}, {"isa", info.isa}})
      .Set(1);
}

void Metrics::set_sources(ScrapeSources sources) { series_->sources = std::move(sources); }

void Metrics::request_started() { series_->in_flight.Increment(); }

void Metrics::request_finished(RouteIndex route, unsigned status) {
  series_->in_flight.Decrement();
  series_->requests[std::min(route, series_->requests.size() - 1)][status_index(status)]->Increment();
  if (const auto reason = rejection(status)) series_->rejected[index_of(*reason)]->Increment();
}

void Metrics::request_stage(RequestStage stage, std::chrono::nanoseconds duration) {
  series_->request_stages[index_of(stage)]->Observe(seconds(duration));
}

void Metrics::connection_opened() { series_->connections.Increment(); }
void Metrics::connection_closed() { series_->connections.Decrement(); }
void Metrics::connection_refused() { series_->rejected[index_of(Rejection::kConnections)]->Increment(); }

std::string Metrics::render() {
  const ProcessStats process = read_process_stats();
  series_->resident.Set(process.resident_bytes);
  series_->cpu.Increment(std::max(0.0, process.cpu_seconds - series_->cpu.Value()));
  const auto dropped = static_cast<double>(series_->sources.dropped_log_lines());
  series_->log_dropped.Increment(std::max(0.0, dropped - series_->log_dropped.Value()));
  series_->body_bytes.Set(static_cast<double>(series_->sources.held_body_bytes()));
  series_->stuck_workers.Set(series_->sources.stuck_workers());
  series_->fds.Set(process.open_fds);
  series_->start_time.Set(process.start_time_seconds);
  return prometheus::TextSerializer().Serialize(series_->registry.Collect());
}

}  // namespace mobileclip::server
