#include "server/handlers/info.h"

#include "proto_json/info_reply.h"
#include "server/http/responses.h"
#include "server/version.h"

namespace mobileclip::server {

Response info(const HandlerContext& context) {
  const ServerConfig& config = context.config;
  std::vector<proto::InfoModel> models;
  for (const ServedModel& model : context.models) models.push_back({.id = model.id, .engine = model.service.info()});
  return json_response(proto::info_reply({.version = version(),
                                          .revision = revision(),
                                          .models = models,
                                          .options = config.engine,
                                          .max_body_bytes = config.max_body_bytes,
                                          .max_items_per_request = config.max_items_per_request,
                                          .request_timeout_ms = config.request_timeout.count()}));
}

}  // namespace mobileclip::server
