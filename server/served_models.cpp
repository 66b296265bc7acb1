#include "server/served_models.h"

#include <malloc.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/models/loaded_model.h"
#include "engine/models/model_directories.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/workers.h"
#include "server/handlers/caching_service.h"
#include "server/handlers/engine_service.h"
#include "server/handlers/model_keeper.h"
#include "server/handlers/releasable_service.h"
#include "server/version.h"

namespace mobileclip::server {
namespace {

namespace fs = std::filesystem;

/// A model that may leave memory, behind its cache.
struct ModelStack {
  ModelStack(ReleasableService::Model model, const EngineOptions& options, const CacheSizes& caches,
             ModelMetrics& metrics)
      : service(std::move(model), options, metrics), cache(service, options, caches, metrics) {}

  ReleasableService service;
  CachingService cache;
};

/// Bytes that the C library has handed out.
std::size_t heap_bytes() {
  const auto heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

std::string name_of_directory(const fs::path& directory) {
  return (fs::absolute(directory) / "").lexically_normal().parent_path().filename().string();
}

void describe(const std::string& id, const EngineInfo& info) {
  spdlog::info("model {} ({} layout, {}, {}, {} threads, fingerprint {:.12})", info.model, info.layout, info.precision,
               info.isa, info.threads, info.fingerprint);
  if (info.synthetic) spdlog::warn("the weights of {} are synthetic: its embeddings mean nothing", id);
}

}  // namespace

struct ServedModels::Impl {
  Impl(const ServerConfig& configuration, Metrics& all_metrics)
      : config(configuration),
        metrics(all_metrics),
        workers(config.engine.threads, config.engine.isa),
        keeper({.idle_release = config.idle_release, .memory = config.models_memory}),
        models(load_all()) {
    keeper.start();
  }

  std::vector<ServedModel> load_all() {
    const std::vector<fs::path> directories = model_directories(config.models);
    // Every model's embeddings are worth remembering as much as another's.
    const CacheSizes caches{.images = config.image_cache / directories.size(),
                            .texts = config.text_cache / directories.size()};
    std::vector<ServedModel> served;
    for (const fs::path& directory : directories) served.push_back(load_first(directory, caches, served));
    return served;
  }

  ServedModel load_first(const fs::path& directory, const CacheSizes& caches, const std::vector<ServedModel>& served) {
    const std::size_t before = heap_bytes();
    RunnableModel model = read(directory);
    model.name = free_id(served, model.name, directory);
    const std::string id = model.name;
    ModelMetrics& of_model = metrics.add_model(id);
    const auto tokenizer = model.tokenizer;
    auto engine = std::make_unique<Engine>(workers, std::move(model), config.engine, &of_model);
    engine->warm_up();
    const EngineInfo& info = engine->info();
    describe(id, info);
    metrics.add_build_info(
        {.version = std::string(version()), .model = info.model, .precision = info.precision, .isa = info.isa});
    ReleasableService::Model releasable{
        .id = id,
        .loaded = std::make_unique<EngineService>(std::move(engine)),
        .load = [this, directory, id, &of_model] { return load(directory, id, of_model); },
        .tokenizer = tokenizer,
        .bytes = std::max(heap_bytes(), before) - before};
    stacks.push_back(std::make_unique<ModelStack>(std::move(releasable), config.engine, caches, of_model));
    keeper.add(stacks.back()->service);
    return {.id = id, .directory = name_of_directory(directory), .service = stacks.back()->cache, .metrics = of_model};
  }

  /// Again, for those who wait for it: without a warm-up, which would only keep them waiting.
  std::unique_ptr<EmbeddingService> load(const fs::path& directory, const std::string& id, ModelMetrics& of_model) {
    RunnableModel model = read(directory);
    model.name = id;
    return std::make_unique<EngineService>(
        std::make_unique<Engine>(workers, std::move(model), config.engine, &of_model));
  }

  RunnableModel read(const fs::path& directory) {
    return make_runnable(load_model(directory), arithmetic_of(config.engine.precision, workers.kernels()));
  }

  static std::string free_id(const std::vector<ServedModel>& served, const std::string& name,
                             const fs::path& directory) {
    for (const std::string& id : {name, name_of_directory(directory)}) {
      if (std::ranges::none_of(served, [&](const ServedModel& model) { return model.id == id; })) return id;
    }
    throw LoadError(directory.string() + ": another model is called " + name +
                    " already, and so is this one's directory; give it a directory of another name");
  }

  // What comes first goes last.
  const ServerConfig& config;
  Metrics& metrics;
  Workers workers;
  std::vector<std::unique_ptr<ModelStack>> stacks;
  ModelKeeper keeper;
  Models models;
};

ServedModels::ServedModels(const ServerConfig& config, Metrics& metrics)
    : impl_(std::make_unique<Impl>(config, metrics)) {}
ServedModels::~ServedModels() = default;

const Models& ServedModels::models() const { return impl_->models; }

int ServedModels::stuck_workers() const noexcept { return impl_->workers.stuck(impl_->config.engine.stuck_after); }

}  // namespace mobileclip::server
