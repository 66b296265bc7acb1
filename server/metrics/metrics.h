// Every series the server exports, in Prometheus's text format. All of them exist, at zero, from construction, those of
// a model once it is added; label values come from fixed sets.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/metrics/model_metrics.h"

namespace mobileclip::server {

/// Parts of a request's time that the server itself spends.
enum class RequestStage { kRead, kParse, kSerialize, kCompress, kWrite, kTotal };
inline constexpr std::size_t kRequestStageCount = 6;

struct BuildInfo {
  std::string version;
  std::string model;
  std::string precision;
  std::string isa;
};

/// What others count; asked at each scrape, from any thread. Whoever is asked outlives the last scrape.
struct ScrapeSources {
  std::function<std::uint64_t()> dropped_log_lines = [] { return std::uint64_t{0}; };  ///< since the start
  std::function<std::size_t()> held_body_bytes = [] { return std::size_t{0}; };
  std::function<int()> stuck_workers = [] { return 0; };
};

/// Thread-safe.
class Metrics {
 public:
  /// Index of a request's route among `routes`; routes.size() stands for every other path.
  using RouteIndex = std::size_t;

  explicit Metrics(const std::vector<std::string>& routes);
  ~Metrics();

  /// Before the first request: the series of the model that requests call `name`. They live as long as this.
  ModelMetrics& add_model(const std::string& name);

  /// Called once, before the first scrape.
  void set_sources(ScrapeSources sources);
  /// Once a model.
  void add_build_info(const BuildInfo& info);

  void request_started();
  /// `status` is what was answered; kNoAnswer where the connection ended first.
  void request_finished(RouteIndex route, unsigned status);
  static constexpr unsigned kNoAnswer = 499;  ///< nginx's number for a client that left
  void request_stage(RequestStage stage, std::chrono::nanoseconds duration);

  void connection_opened();
  void connection_closed();
  void connection_refused();  ///< over max_connections

  /// The exposition (text/plain; version=0.0.4).
  [[nodiscard]] std::string render();

 private:
  struct Series;
  std::unique_ptr<Series> series_;
};

}  // namespace mobileclip::server
