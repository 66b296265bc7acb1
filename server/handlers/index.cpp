#include "server/handlers/index.h"

#include "proto_json/json_writer.h"
#include "server/handlers/routes.h"
#include "server/http/responses.h"
#include "server/version.h"

namespace mobileclip::server {

Response index(const HandlerContext& context) {
  proto::JsonWriter json(4096);
  json.begin_object();
  json.key("message").string("Immich ML");  // by which Immich's server knows its machine learning service
  json.key("name").string("mobileclip-server");
  json.key("version").string(version());
  json.key("model").string(context.service.info().model);
  json.key("routes").begin_array();
  for (const RouteEntry& route : all_routes()) {
    json.begin_object();
    json.key("method").string(route.method);
    json.key("path").string(route.path);
    json.key("about").string(route.about);
    json.end_object();
  }
  json.end_array().end_object();
  return json_response(std::move(json).take());
}

}  // namespace mobileclip::server
