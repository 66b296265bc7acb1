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

#include "server/metrics/process_stats.h"

namespace mobileclip::server {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Labels;
using prometheus::Registry;

// Every status the server answers with, and 0 for one that is missing here: the label set stays fixed whatever happens.
constexpr std::array<unsigned, 23> kStatuses = {200, 204, 400, 404, 405, 406, 408, 411,
                                                413, 414, 415, 417, 422, 424, 429, Metrics::kNoAnswer,
                                                431, 500, 501, 503, 504, 507, 0};
constexpr std::array<std::string_view, kRequestStageCount> kRequestStages = {"read",     "parse", "serialize",
                                                                             "compress", "write", "total"};
constexpr std::array<std::string_view, 3> kEngineStages = {"prepare", "queue", "inference"};
constexpr std::array<std::string_view, 3> kCacheOutcomes = {"hit", "coalesced", "miss"};
constexpr std::array<std::string_view, 2> kDropReasons = {"expired", "abandoned"};

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

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

/// 50 µs to 10 s: a tokenisation to a queue's whole timeout.
Histogram::BucketBoundaries duration_buckets() {
  return {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}

Histogram::BucketBoundaries batch_buckets() { return {1, 2, 4, 8, 16, 32, 64, 128}; }

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

  std::array<std::array<Histogram*, kEngineStages.size()>, std::size(kLanes)> engine_stages{};
  std::array<Histogram*, std::size(kLanes)> batch_size{};
  std::array<Gauge*, std::size(kLanes)> queue_depth{};
  std::array<std::array<Counter*, kDropReasons.size()>, std::size(kLanes)> dropped{};

  std::array<std::array<Counter*, kCacheOutcomes.size()>, std::size(kLanes)> cache_lookups{};
  std::array<Counter*, std::size(kLanes)> cache_evictions{};
  std::array<Gauge*, std::size(kLanes)> cache_entries{};
  std::array<Gauge*, std::size(kLanes)> cache_bytes{};

  Gauge& in_flight =
      gauge(registry, "mobileclip_requests_in_flight", "Requests read in part or whole and not yet answered");
  Gauge& connections = gauge(registry, "mobileclip_connections", "Open client connections");
  Counter& images = counter(registry, "mobileclip_images_total", "Images embedded");
  Counter& texts = counter(registry, "mobileclip_texts_total", "Texts embedded");
  Counter& tokens = counter(registry, "mobileclip_tokens_total", "Tokens of the texts embedded, specials counted");
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

  explicit Series(const std::vector<std::string>& routes) {
    add_request_series(routes);
    for (const Lane lane : kLanes) add_lane_series(lane);
    for (const Lane lane : kLanes) add_cache_series(lane);
  }

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

  // A family registered again under its name is the same family.
  void add_lane_series(Lane lane) {
    const std::size_t l = index_of(lane);
    const std::string name(to_string(lane));
    auto& stage_family = prometheus::BuildHistogram()
                             .Name("mobileclip_engine_stage_duration_seconds")
                             .Help("Time an item spends in each of the engine's stages")
                             .Register(registry);
    for (std::size_t i = 0; i < kEngineStages.size(); ++i) {
      engine_stages[l][i] =
          &stage_family.Add({{"lane", name}, {"stage", std::string(kEngineStages[i])}}, duration_buckets());
    }
    batch_size[l] = &prometheus::BuildHistogram()
                         .Name("mobileclip_batch_size")
                         .Help("Items a forward pass took")
                         .Register(registry)
                         .Add({{"lane", name}}, batch_buckets());
    queue_depth[l] = &prometheus::BuildGauge()
                          .Name("mobileclip_queue_depth")
                          .Help("Items admitted and not yet answered")
                          .Register(registry)
                          .Add({{"lane", name}});
    auto& dropped_family = prometheus::BuildCounter()
                               .Name("mobileclip_dropped_total")
                               .Help("Items dropped before their forward pass, by reason")
                               .Register(registry);
    for (std::size_t i = 0; i < kDropReasons.size(); ++i) {
      dropped[l][i] = &dropped_family.Add({{"lane", name}, {"reason", std::string(kDropReasons[i])}});
    }
  }

  void add_cache_series(Lane lane) {
    const std::size_t l = index_of(lane);
    const std::string name(to_string(lane));
    auto& lookups_family = prometheus::BuildCounter()
                               .Name("mobileclip_cache_lookups_total")
                               .Help("Items looked for in the cache, by outcome (coalesced: the same was under way)")
                               .Register(registry);
    for (std::size_t i = 0; i < kCacheOutcomes.size(); ++i) {
      cache_lookups[l][i] = &lookups_family.Add({{"lane", name}, {"outcome", std::string(kCacheOutcomes[i])}});
    }
    cache_evictions[l] = &prometheus::BuildCounter()
                              .Name("mobileclip_cache_evictions_total")
                              .Help("Embeddings dropped from the cache to make room")
                              .Register(registry)
                              .Add({{"lane", name}});
    cache_entries[l] = &prometheus::BuildGauge()
                            .Name("mobileclip_cache_entries")
                            .Help("Embeddings in the cache")
                            .Register(registry)
                            .Add({{"lane", name}});
    cache_bytes[l] = &prometheus::BuildGauge()
                          .Name("mobileclip_cache_bytes")
                          .Help("Memory that the cache takes")
                          .Register(registry)
                          .Add({{"lane", name}});
  }
};

Metrics::Metrics(const std::vector<std::string>& routes) : series_(std::make_unique<Series>(routes)) {}
Metrics::~Metrics() = default;

void Metrics::set_build_info(const BuildInfo& info) {
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

void Metrics::images_embedded(std::size_t count) { series_->images.Increment(static_cast<double>(count)); }
void Metrics::texts_embedded(std::size_t count) { series_->texts.Increment(static_cast<double>(count)); }

void Metrics::cache_looked_up(Lane lane, const CacheLookup& lookup) {
  const auto& by_outcome = series_->cache_lookups[index_of(lane)];
  by_outcome[0]->Increment(static_cast<double>(lookup.hits));
  by_outcome[1]->Increment(static_cast<double>(lookup.coalesced));
  by_outcome[2]->Increment(static_cast<double>(lookup.misses));
}

void Metrics::cache_changed(Lane lane, const CacheChange& change) {
  const std::size_t l = index_of(lane);
  series_->cache_evictions[l]->Increment(static_cast<double>(change.evicted));
  series_->cache_entries[l]->Set(static_cast<double>(change.entries));
  series_->cache_bytes[l]->Set(static_cast<double>(change.bytes));
}

void Metrics::on_batch(Lane lane, std::size_t items) {
  series_->batch_size[index_of(lane)]->Observe(static_cast<double>(items));
}

void Metrics::on_stage(Lane lane, Stage stage, std::chrono::nanoseconds duration) {
  series_->engine_stages[index_of(lane)][index_of(stage)]->Observe(seconds(duration));
}

void Metrics::on_dropped(Lane lane, DropReason reason) {
  series_->dropped[index_of(lane)][index_of(reason)]->Increment();
}

void Metrics::on_tokens(std::uint64_t tokens) { series_->tokens.Increment(static_cast<double>(tokens)); }

std::string Metrics::render(const QueueDepths& depths) {
  series_->queue_depth[index_of(Lane::kImage)]->Set(static_cast<double>(depths.image));
  series_->queue_depth[index_of(Lane::kText)]->Set(static_cast<double>(depths.text));
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
