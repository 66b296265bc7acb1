// From model directories to what handlers serve: loaded, warmed up, each behind its cache, all on the same threads.
#pragma once

#include <memory>

#include "server/config/server_config.h"
#include "server/handlers/models.h"
#include "server/metrics/metrics.h"

namespace mobileclip::server {

class ServedModels {
 public:
  /// Loads and warms up every model of config.models. A model goes by its own name or, where an earlier one has that
  /// already, by its directory's. `config` and `metrics` outlive it. Throws LoadError, std::runtime_error.
  ServedModels(const ServerConfig& config, Metrics& metrics);
  /// Answers everything admitted.
  ~ServedModels();
  ServedModels(const ServedModels&) = delete;
  ServedModels& operator=(const ServedModels&) = delete;

  [[nodiscard]] const Models& models() const;
  /// Of the threads that all models share, those at one job for config.engine.stuck_after. Never blocks.
  [[nodiscard]] int stuck_workers() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mobileclip::server
