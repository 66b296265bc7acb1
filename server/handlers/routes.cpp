#include "server/handlers/routes.h"

#include "proto_json/json_writer.h"
#include "server/handlers/embed_batch.h"
#include "server/handlers/embed_image.h"
#include "server/handlers/embed_text.h"
#include "server/handlers/health.h"
#include "server/handlers/info.h"
#include "server/handlers/similarity.h"
#include "server/http/responses.h"
#include "server/version.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

using Work = asio::awaitable<Response> (*)(const HandlerContext&, const Request&, RequestScope&);
using Control = Response (*)(const HandlerContext&);

using Stream = asio::awaitable<std::optional<Response>> (*)(const HandlerContext&, const BulkShares&, const Request&,
                                                            RequestScope&, StreamExchange&);

struct RouteEntry {
  std::string_view method;
  std::string_view path;
  std::string_view about;
  Control control;  ///< exactly one of the three is set
  Work work;
  Stream stream = nullptr;
};

Response index(const HandlerContext& context);

constexpr RouteEntry kRoutes[] = {
    {"POST", "/embed/image", "images to embeddings: a raw image, a form's files or JSON {\"images\": [base64]}",
     nullptr, embed_image},
    {"POST", "/embed/text", "texts to embeddings: JSON {\"texts\": [string]}", nullptr, embed_text},
    {"POST", "/embed/batch", "lines of {\"text\": string} or {\"image\": base64}, any number, to lines of embeddings",
     nullptr, nullptr, embed_batch},
    {"POST", "/similarity", "cosines and probabilities of images against texts: JSON or a form", nullptr, similarity},
    {"GET", "/", "this list", index, nullptr},
    {"GET", "/info", "model, precision, limits", info, nullptr},
    {"GET", "/health", "readiness and queue depths", health, nullptr},
    {"GET", "/health/live", "liveness", [](const HandlerContext&) { return health_live(); }, nullptr},
    {"GET", "/health/ready", "readiness: 503 while stopping or failed", health_ready, nullptr},
    {"GET", "/metrics", "Prometheus text format", metrics_page, nullptr},
};

Response index(const HandlerContext& context) {
  proto::JsonWriter json(1024);
  json.begin_object();
  json.key("name").string("mobileclip-server");
  json.key("version").string(version());
  json.key("model").string(context.service.info().model);
  json.key("routes").begin_array();
  for (const RouteEntry& route : kRoutes) {
    json.begin_object();
    json.key("method").string(route.method);
    json.key("path").string(route.path);
    json.key("about").string(route.about);
    json.end_object();
  }
  json.end_array().end_object();
  return json_response(std::move(json).take());
}

/// Which weights an embedding is of: those of other fingerprints are not comparable with it.
asio::awaitable<Response> with_fingerprint(const HandlerContext& context, asio::awaitable<Response> work) {
  Response response = co_await std::move(work);
  response.headers.add("X-Model-Fingerprint", context.service.info().fingerprint);
  co_return response;
}

asio::awaitable<Response> answer_at_once(Control control, const HandlerContext& context) { co_return control(context); }

Endpoint make_endpoint(const RouteEntry& route, const HandlerContext& context) {
  Endpoint endpoint{.method = std::string(route.method), .kind = EndpointKind::kWork, .handler = {}};
  if (route.stream != nullptr) {
    endpoint.kind = EndpointKind::kStream;
    endpoint.stream = [stream = route.stream, &context, shares = BulkShares(context.config.engine)](
                          const Request& request, RequestScope& scope, StreamExchange& exchange) {
      return stream(context, shares, request, scope, exchange);
    };
  } else if (route.work != nullptr) {
    endpoint.handler = [work = route.work, &context](const Request& request, RequestScope& scope) {
      return with_fingerprint(context, work(context, request, scope));
    };
  } else {
    endpoint.kind = EndpointKind::kControl;
    endpoint.handler = [control = route.control, &context](const Request&, RequestScope&) {
      return answer_at_once(control, context);
    };
  }
  return endpoint;
}

}  // namespace

std::vector<std::string> route_paths() {
  std::vector<std::string> paths;
  for (const RouteEntry& route : kRoutes) paths.emplace_back(route.path);
  return paths;
}

Router make_router(const HandlerContext& context) {
  Router router;
  for (const RouteEntry& route : kRoutes) router.add(route.path, make_endpoint(route, context));
  return router;
}

}  // namespace mobileclip::server
