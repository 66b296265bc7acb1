#include "server/handlers/index.h"

#include "proto_json/json_writer.h"
#include "server/embedded_file.h"
#include "server/handlers/html_page.h"
#include "server/handlers/routes.h"
#include "server/http/negotiation.h"
#include "server/http/responses.h"
#include "server/version.h"

// MOBILECLIP_PAGES_DIR and the dependency on the file come from CMakeLists.txt.
MOBILECLIP_EMBED(page_playground, MOBILECLIP_PAGES_DIR "/playground.html");

namespace mobileclip::server {
namespace {

/// Whoever has no preference, or an unknown one, is a program.
bool prefers_page(const RequestHead& head) {
  constexpr std::string_view kMediaTypes[] = {"application/json", "text/html"};
  const auto accept = head.headers.list("Accept");
  return accept && choose_media_type(*accept, kMediaTypes).value_or(0) == 1;
}

Response route_list(const HandlerContext& context) {
  proto::JsonWriter json(4096);
  json.begin_object();
  json.key("message").string("Immich ML");  // by which Immich's server knows its machine learning service
  json.key("name").string("mobileclip-server");
  json.key("version").string(version());
  json.key("model").string(context.models.first().service.info().model);
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

}  // namespace

Response index(const HandlerContext& context, const Request& request) {
  Response response =
      prefers_page(request.head) ? html_page(MOBILECLIP_EMBEDDED(page_playground)) : route_list(context);
  response.headers.add("Vary", "Accept");
  return response;
}

}  // namespace mobileclip::server
