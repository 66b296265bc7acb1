#include "server/handlers/health.h"

#include <string_view>

#include "proto_json/json_writer.h"
#include "server/http/responses.h"
#include "server/version.h"

namespace mobileclip::server {
namespace {

struct Readiness {
  std::string_view word;
  unsigned status;
};

Readiness readiness(const HandlerContext& context) {
  if (!context.models.healthy()) return {.word = "failed", .status = 503};
  if (!context.lifecycle.serving()) return {.word = "draining", .status = 503};
  return {.word = "ready", .status = 200};
}

/// Of all models together.
std::size_t queue_depth(const Models& models, Lane lane) {
  std::size_t depth = 0;
  for (const ServedModel& model : models) depth += model.service.queue_depth(lane);
  return depth;
}

Response status_response(const Readiness& state) {
  proto::JsonWriter json;
  json.begin_object().key("status").string(state.word).end_object();
  return json_response(std::move(json).take(), state.status);
}

}  // namespace

Response health_live() { return status_response({.word = "live", .status = 200}); }

Response health_ready(const HandlerContext& context) { return status_response(readiness(context)); }

Response health(const HandlerContext& context) {
  const Readiness state = readiness(context);
  proto::JsonWriter json;
  json.begin_object();
  json.key("status").string(state.word);
  json.key("model").string(context.models.first().service.info().model);
  json.key("version").string(version());
  json.key("queue_depth").begin_object();
  for (const Lane lane : kLanes) json.key(to_string(lane)).integer(queue_depth(context.models, lane));
  json.end_object().end_object();
  return json_response(std::move(json).take(), state.status);
}

}  // namespace mobileclip::server
