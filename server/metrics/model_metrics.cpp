#include "server/metrics/model_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <string_view>
#include <utility>

#include "server/metrics/buckets.h"

namespace mobileclip::server {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Labels;
using prometheus::Registry;

constexpr std::array<std::string_view, 3> kEngineStages = {"prepare", "queue", "inference"};
constexpr std::array<std::string_view, 3> kCacheOutcomes = {"hit", "coalesced", "miss"};
constexpr std::array<std::string_view, 2> kDropReasons = {"expired", "abandoned"};

template <typename Enum>
std::size_t index_of(Enum value) {
  return static_cast<std::size_t>(value);
}

// A family registered again under its name is the same family.
Counter& counter(Registry& registry, const char* name, const char* help, const Labels& labels) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
}

Gauge& gauge(Registry& registry, const char* name, const char* help, const Labels& labels) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels);
}

Histogram& histogram(Registry& registry, const char* name, const char* help, const Labels& labels,
                     Histogram::BucketBoundaries buckets) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add(labels, std::move(buckets));
}

/// One lane of one model.
struct LaneSeries {
  std::array<Histogram*, kEngineStages.size()> stages{};
  std::array<Counter*, kDropReasons.size()> dropped{};
  std::array<Counter*, kCacheOutcomes.size()> cache_lookups{};
  Histogram& batch_size;
  Gauge& queue_depth;
  Counter& cache_evictions;
  Gauge& cache_entries;
  Gauge& cache_bytes;

  LaneSeries(Registry& registry, const Labels& labels)
      : batch_size(histogram(registry, "mobileclip_batch_size", "Items a forward pass took", labels, batch_buckets())),
        queue_depth(gauge(registry, "mobileclip_queue_depth", "Items admitted and not yet answered", labels)),
        cache_evictions(counter(registry, "mobileclip_cache_evictions_total",
                                "Embeddings dropped from the cache to make room", labels)),
        cache_entries(gauge(registry, "mobileclip_cache_entries", "Embeddings in the cache", labels)),
        cache_bytes(gauge(registry, "mobileclip_cache_bytes", "Memory that the cache takes", labels)) {
    const auto with = [&labels](const char* key, std::string_view value) {
      Labels more = labels;
      more.emplace(key, value);
      return more;
    };
    for (std::size_t i = 0; i < stages.size(); ++i) {
      stages[i] = &histogram(registry, "mobileclip_engine_stage_duration_seconds",
                             "Time an item spends in each of the engine's stages", with("stage", kEngineStages[i]),
                             duration_buckets());
    }
    for (std::size_t i = 0; i < dropped.size(); ++i) {
      dropped[i] = &counter(registry, "mobileclip_dropped_total", "Items dropped before their forward pass, by reason",
                            with("reason", kDropReasons[i]));
    }
    for (std::size_t i = 0; i < cache_lookups.size(); ++i) {
      cache_lookups[i] = &counter(registry, "mobileclip_cache_lookups_total",
                                  "Items looked for in the cache, by outcome (coalesced: the same was under way)",
                                  with("outcome", kCacheOutcomes[i]));
    }
  }
};

}  // namespace

struct ModelMetrics::Series {
  LaneSeries image;
  LaneSeries text;
  Counter& images;
  Counter& texts;
  Counter& tokens;
  Gauge& loaded;
  Gauge& bytes;
  Counter& loads;
  Counter& load_failures;

  Series(Registry& registry, const std::string& model)
      : image(registry, {{"lane", "image"}, {"model", model}}),
        text(registry, {{"lane", "text"}, {"model", model}}),
        images(counter(registry, "mobileclip_images_total", "Images embedded", {{"model", model}})),
        texts(counter(registry, "mobileclip_texts_total", "Texts embedded", {{"model", model}})),
        tokens(counter(registry, "mobileclip_tokens_total", "Tokens of the texts embedded, specials counted",
                       {{"model", model}})),
        loaded(gauge(registry, "mobileclip_model_loaded", "1 while the model is in memory", {{"model", model}})),
        bytes(gauge(registry, "mobileclip_model_bytes", "Memory that the model takes", {{"model", model}})),
        loads(counter(registry, "mobileclip_model_loads_total", "Times the model was loaded, the start's included",
                      {{"model", model}})),
        load_failures(counter(registry, "mobileclip_model_load_failures_total", "Times the model could not be loaded",
                              {{"model", model}})) {}

  LaneSeries& of(Lane lane) { return lane == Lane::kImage ? image : text; }
};

ModelMetrics::ModelMetrics(Registry& registry, const std::string& model)
    : series_(std::make_unique<Series>(registry, model)) {}
ModelMetrics::~ModelMetrics() = default;

void ModelMetrics::images_embedded(std::size_t count) { series_->images.Increment(static_cast<double>(count)); }
void ModelMetrics::texts_embedded(std::size_t count) { series_->texts.Increment(static_cast<double>(count)); }

void ModelMetrics::cache_looked_up(Lane lane, const CacheLookup& lookup) {
  const auto& by_outcome = series_->of(lane).cache_lookups;
  by_outcome[0]->Increment(static_cast<double>(lookup.hits));
  by_outcome[1]->Increment(static_cast<double>(lookup.coalesced));
  by_outcome[2]->Increment(static_cast<double>(lookup.misses));
}

void ModelMetrics::cache_changed(Lane lane, const CacheChange& change) {
  LaneSeries& series = series_->of(lane);
  series.cache_evictions.Increment(static_cast<double>(change.evicted));
  series.cache_entries.Set(static_cast<double>(change.entries));
  series.cache_bytes.Set(static_cast<double>(change.bytes));
}

void ModelMetrics::model_loaded(std::size_t bytes) {
  series_->loads.Increment();
  series_->loaded.Set(1);
  series_->bytes.Set(static_cast<double>(bytes));
}

void ModelMetrics::model_released() {
  series_->loaded.Set(0);
  series_->bytes.Set(0);
}

void ModelMetrics::model_load_failed() { series_->load_failures.Increment(); }

void ModelMetrics::set_queue_depth(Lane lane, std::size_t items) {
  series_->of(lane).queue_depth.Set(static_cast<double>(items));
}

void ModelMetrics::on_batch(Lane lane, std::size_t items) {
  series_->of(lane).batch_size.Observe(static_cast<double>(items));
}

void ModelMetrics::on_stage(Lane lane, Stage stage, std::chrono::nanoseconds duration) {
  series_->of(lane).stages[index_of(stage)]->Observe(seconds(duration));
}

void ModelMetrics::on_dropped(Lane lane, DropReason reason) {
  series_->of(lane).dropped[index_of(reason)]->Increment();
}

void ModelMetrics::on_tokens(std::uint64_t tokens) { series_->tokens.Increment(static_cast<double>(tokens)); }

}  // namespace mobileclip::server
