#include "server/handlers/models.h"

#include <algorithm>

#include "server/http/responses.h"

namespace mobileclip::server {
namespace {

constexpr std::size_t kMaxQuoted = 64;  // of a client's name in a message

ModelChoice chosen(const Models& models, const Request& request, const ServedModel* found, std::string_view name) {
  if (found != nullptr) {
    request.trace->model = &found->service.info();
    return found;
  }
  return error_response(HttpError{.status = 404,
                                  .code = "model_not_found",
                                  .message = "there is no model \"" + std::string(name.substr(0, kMaxQuoted)) +
                                             "\" here; served: " + models.ids()});
}

}  // namespace

const ServedModel* Models::find(std::string_view name) const {
  if (name.empty()) return &first();
  const auto by = [&](auto matches) {
    const auto found = std::ranges::find_if(models_, matches);
    return found == models_.end() ? nullptr : &*found;
  };
  if (const auto* found = by([name](const ServedModel& model) { return model.id == name; })) return found;
  if (const auto* found = by([name](const ServedModel& model) { return model.service.info().model == name; }))
    return found;
  return by([name](const ServedModel& model) { return model.directory == name; });
}

const ServedModel* Models::find_by_foreign_name(std::string_view name) const {
  if (models_.size() == 1) return &first();
  if (const ServedModel* found = find(name)) return found;
  const std::size_t training = name.find("__");
  return training == std::string_view::npos || training == 0 ? nullptr : find(name.substr(0, training));
}

bool Models::healthy() const {
  return std::ranges::all_of(models_, [](const ServedModel& model) { return model.service.healthy(); });
}

std::string Models::ids() const {
  std::string ids;
  for (const ServedModel& model : models_) ids += (ids.empty() ? "" : ", ") + model.id;
  return ids;
}

ModelChoice choose_model(const Models& models, const Request& request, std::string_view name) {
  return chosen(models, request, models.find(name), name);
}

ModelChoice choose_model_by_foreign_name(const Models& models, const Request& request, std::string_view name) {
  return chosen(models, request, models.find_by_foreign_name(name), name);
}

}  // namespace mobileclip::server
