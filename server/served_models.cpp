#include "server/served_models.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/models/loaded_model.h"
#include "engine/models/model_directories.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/workers.h"
#include "server/handlers/caching_service.h"
#include "server/handlers/engine_service.h"
#include "server/version.h"

namespace mobileclip::server {
namespace {

namespace fs = std::filesystem;

/// A model's engine and what stands in front of it.
struct ModelStack {
  ModelStack(Workers& workers, RunnableModel model, const EngineOptions& options, const CacheSizes& caches,
             ModelMetrics& metrics)
      : engine(workers, std::move(model), options, &metrics),
        service(engine),
        cache(service, options, caches, metrics) {
    engine.warm_up();
  }

  Engine engine;
  EngineService service;
  CachingService cache;
};

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
  Impl(const ServerConfig& config, Metrics& metrics)
      : workers(config.engine.threads, config.engine.isa), models(load_all(config, metrics)) {}

  std::vector<ServedModel> load_all(const ServerConfig& config, Metrics& metrics) {
    const std::vector<fs::path> directories = model_directories(config.models);
    // Every model's embeddings are worth remembering as much as another's.
    const CacheSizes caches{.images = config.image_cache / directories.size(),
                            .texts = config.text_cache / directories.size()};
    std::vector<ServedModel> served;
    for (const fs::path& directory : directories) {
      RunnableModel model =
          make_runnable(load_model(directory), arithmetic_of(config.engine.precision, workers.kernels()));
      model.name = free_id(served, model.name, directory);
      const std::string id = model.name;
      ModelMetrics& of_model = metrics.add_model(id);
      stacks.push_back(std::make_unique<ModelStack>(workers, std::move(model), config.engine, caches, of_model));
      const EngineInfo& info = stacks.back()->engine.info();
      describe(id, info);
      metrics.add_build_info(
          {.version = std::string(version()), .model = info.model, .precision = info.precision, .isa = info.isa});
      served.push_back(
          {.id = id, .directory = name_of_directory(directory), .service = stacks.back()->cache, .metrics = of_model});
    }
    return served;
  }

  static std::string free_id(const std::vector<ServedModel>& served, const std::string& name,
                             const fs::path& directory) {
    for (const std::string& id : {name, name_of_directory(directory)}) {
      if (std::ranges::none_of(served, [&](const ServedModel& model) { return model.id == id; })) return id;
    }
    throw LoadError(directory.string() + ": another model is called " + name +
                    " already, and so is this one's directory; give it a directory of another name");
  }

  Workers workers;
  std::vector<std::unique_ptr<ModelStack>> stacks;
  Models models;
};

ServedModels::ServedModels(const ServerConfig& config, Metrics& metrics)
    : impl_(std::make_unique<Impl>(config, metrics)) {}
ServedModels::~ServedModels() = default;

const Models& ServedModels::models() const { return impl_->models; }

int ServedModels::stuck_workers() const noexcept { return impl_->workers.stuck(impl_->config.engine.stuck_after); }

}  // namespace mobileclip::server
