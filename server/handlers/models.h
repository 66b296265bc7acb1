// The models that are served, and which of them a request means.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "server/handlers/embedding_service.h"
#include "server/http/message.h"
#include "server/metrics/model_metrics.h"

namespace mobileclip::server {

struct ServedModel {
  std::string id;         ///< what requests call it, and its metrics
  std::string directory;  ///< the last part of its path: another name that requests may use
  EmbeddingService& service;
  ModelMetrics& metrics;
};

/// Immutable, never empty. The first model is meant where a request names none.
class Models {
 public:
  explicit Models(std::vector<ServedModel> models) : models_(std::move(models)) {}

  [[nodiscard]] const ServedModel& first() const { return models_.front(); }
  [[nodiscard]] auto begin() const { return models_.begin(); }
  [[nodiscard]] auto end() const { return models_.end(); }
  [[nodiscard]] std::size_t size() const { return models_.size(); }

  /// By its id, the name that its replies carry, or its directory's; the first for an empty name. Null where there is
  /// none.
  [[nodiscard]] const ServedModel* find(std::string_view name) const;
  /// For clients that bring names of another service: the one model served answers to any. Of several, the part before
  /// "__" may name one: Immich's names go on there with what the model was trained on.
  [[nodiscard]] const ServedModel* find_by_foreign_name(std::string_view name) const;

  [[nodiscard]] bool healthy() const;
  [[nodiscard]] std::string ids() const;  ///< "a, b", for messages

 private:
  std::vector<ServedModel> models_;
};

using ModelChoice = std::variant<const ServedModel*, Response>;

/// What find() found for `request`, which notes it in its trace; or the 404 that names the models there are.
ModelChoice choose_model(const Models& models, const Request& request, std::string_view name);
/// The same by find_by_foreign_name().
ModelChoice choose_model_by_foreign_name(const Models& models, const Request& request, std::string_view name);

}  // namespace mobileclip::server
