// The series of one model: its lanes, its caches and what it embedded.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "engine/runtime/engine.h"

namespace prometheus {
class Registry;
}

namespace mobileclip::server {

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

/// Thread-safe. All its series exist, at zero, from construction.
class ModelMetrics final : public EngineObserver {
 public:
  /// `model` is the value of the series' label. `registry` outlives it.
  ModelMetrics(prometheus::Registry& registry, const std::string& model);
  ~ModelMetrics() override;

  void images_embedded(std::size_t count);
  void texts_embedded(std::size_t count);

  void cache_looked_up(Lane lane, const CacheLookup& lookup);
  void cache_changed(Lane lane, const CacheChange& change);

  void model_loaded(std::size_t bytes);
  void model_released();
  void model_load_failed();

  /// Asked for when it is scraped.
  void set_queue_depth(Lane lane, std::size_t items);

  void on_batch(Lane lane, std::size_t items) override;
  void on_stage(Lane lane, Stage stage, std::chrono::nanoseconds duration) override;
  void on_dropped(Lane lane, DropReason reason) override;
  void on_tokens(std::uint64_t tokens) override;

 private:
  struct Series;
  std::unique_ptr<Series> series_;
};

}  // namespace mobileclip::server
