// Every series the server exports, in Prometheus's text format. All of them exist, at zero, from construction; label
// values come from fixed sets.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/engine.h"

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

/// Values that are asked for when they are scraped.
struct QueueDepths {
  std::size_t image = 0;
  std::size_t text = 0;
};

/// What became of a request's items at a cache.
struct CacheLookup {
  std::size_t hits = 0;
  std::size_t coalesced = 0;  ///< the same was being embedded already
  std::size_t misses = 0;
};

/// A cache after something was added to it.
struct CacheChange {
  std::size_t evicted = 0;  ///< to make room
  std::size_t entries = 0;
  std::size_t bytes = 0;
};

/// What others count; asked at each scrape, from any thread. Whoever is asked outlives the last scrape.
struct ScrapeSources {
  std::function<std::uint64_t()> dropped_log_lines = [] { return std::uint64_t{0}; };  ///< since the start
  std::function<std::size_t()> held_body_bytes = [] { return std::size_t{0}; };
  std::function<int()> stuck_workers = [] { return 0; };
};

/// Thread-safe.
class Metrics final : public EngineObserver {
 public:
  /// Index of a request's route among `routes`; routes.size() stands for every other path.
  using RouteIndex = std::size_t;

  explicit Metrics(const std::vector<std::string>& routes);
  ~Metrics() override;

  /// Called once, before the first scrape.
  void set_sources(ScrapeSources sources);
  void set_build_info(const BuildInfo& info);

  void request_started();
  /// `status` is what was answered; kNoAnswer where the connection ended first.
  void request_finished(RouteIndex route, unsigned status);
  static constexpr unsigned kNoAnswer = 499;  ///< nginx's number for a client that left
  void request_stage(RequestStage stage, std::chrono::nanoseconds duration);

  void connection_opened();
  void connection_closed();
  void connection_refused();  ///< over max_connections

  void images_embedded(std::size_t count);
  void texts_embedded(std::size_t count);

  void cache_looked_up(Lane lane, const CacheLookup& lookup);
  void cache_changed(Lane lane, const CacheChange& change);

  void on_batch(Lane lane, std::size_t items) override;
  void on_stage(Lane lane, Stage stage, std::chrono::nanoseconds duration) override;
  void on_dropped(Lane lane, DropReason reason) override;
  void on_tokens(std::uint64_t tokens) override;

  /// The exposition (text/plain; version=0.0.4).
  [[nodiscard]] std::string render(const QueueDepths& depths);

 private:
  struct Series;
  std::unique_ptr<Series> series_;
};

}  // namespace mobileclip::server
